#include "ft_atoi.h"

static int is_space(char c)
{
    return (c == ' ' || (c >= '\t' && c <= '\r'));
}

/* The sum is kept negative, because INT_MIN has no positive counterpart. */
int ft_atoi(const char *string)
{
    int negative;
    int value;

    while (is_space(*string))
        string++;
    negative = (*string == '-');
    if (*string == '-' || *string == '+')
        string++;
    value = 0;
    while (*string >= '0' && *string <= '9')
    {
        value = value * 10 - (*string - '0');
        string++;
    }
    return (negative ? value : -value);
}
