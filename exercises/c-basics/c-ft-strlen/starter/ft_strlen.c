#include "ft_strlen.h"

size_t ft_strlen(const char *string)
{
    (void)string;
    return (0);
}
