#include <stdio.h>
#include <string.h>

#include "ft_strlen.h"

int main(void)
{
    char line[4096];

    while (fgets(line, sizeof(line), stdin) != NULL)
    {
        line[strcspn(line, "\n")] = '\0';
        printf("%zu\n", ft_strlen(line));
    }
    return (0);
}
