#include <stdio.h>

int main(void)
{
    int n;
    int i;

    if (scanf("%d", &n) != 1)
        return (1);
    i = 1;
    while (i <= n)
    {
        if (i % 15 == 0)
            printf("FizzBuzz\n");
        else if (i % 5 == 0)
            printf("Buzz\n");
        else if (i % 3 == 0)
            printf("Fizz\n");
        else
            printf("%d\n", i);
        i++;
    }
    return (0);
}
