#include "ft_strlen.h"

size_t ft_strlen(const char *string)
{
    const char *end;

    end = string;
    while (*end != '\0')
        end++;
    return ((size_t)(end - string));
}
