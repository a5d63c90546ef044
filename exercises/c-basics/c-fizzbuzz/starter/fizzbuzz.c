#include <stdio.h>

int main(void)
{
    int n;

    if (scanf("%d", &n) != 1)
        return (1);
    /* Your turn: print the numbers from 1 to n. */
    return (0);
}
