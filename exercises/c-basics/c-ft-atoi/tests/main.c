#include <stdio.h>
#include <string.h>

#include "ft_atoi.h"

int main(void)
{
    char line[256];

    while (fgets(line, sizeof(line), stdin) != NULL)
    {
        line[strcspn(line, "\n")] = '\0';
        printf("%d\n", ft_atoi(line));
    }
    return (0);
}
