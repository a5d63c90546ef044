#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct s_node
{
    int value;
    struct s_node *next;
};

int main(void)
{
    struct s_node *list;
    char command[8];
    int value;

    list = NULL;
    while (scanf("%7s", command) == 1)
    {
        if (strcmp(command, "show") == 0)
        {
            /* Print the list. */
        }
        else if (scanf("%d", &value) == 1)
        {
            /* The command is "add" or "del". */
        }
    }
    /* Free the list. */
    (void)list;
    return (0);
}
