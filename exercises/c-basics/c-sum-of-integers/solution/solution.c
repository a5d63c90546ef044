#include <stdio.h>

int main(void)
{
    long long sum;
    int number;

    sum = 0;
    while (scanf("%d", &number) == 1)
        sum += number;
    printf("%lld\n", sum);
    return (0);
}
