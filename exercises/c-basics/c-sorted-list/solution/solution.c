#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct s_node
{
    int value;
    struct s_node *next;
};

/* The link to follow to reach the first node that is not below value. */
static struct s_node **find(struct s_node **link, int value)
{
    while (*link != NULL && (*link)->value < value)
        link = &(*link)->next;
    return (link);
}

static int add(struct s_node **list, int value)
{
    struct s_node **link;
    struct s_node *node;

    node = malloc(sizeof(*node));
    if (node == NULL)
        return (0);
    link = find(list, value);
    node->value = value;
    node->next = *link;
    *link = node;
    return (1);
}

static void del(struct s_node **list, int value)
{
    struct s_node **link;
    struct s_node *node;

    link = find(list, value);
    node = *link;
    if (node == NULL || node->value != value)
        return ;
    *link = node->next;
    free(node);
}

static void show(const struct s_node *node)
{
    if (node == NULL)
    {
        printf("(empty)\n");
        return ;
    }
    printf("%d", node->value);
    while ((node = node->next) != NULL)
        printf(" -> %d", node->value);
    printf("\n");
}

int main(void)
{
    struct s_node *list;
    char command[8];
    int value;
    int failed;

    list = NULL;
    failed = 0;
    while (!failed && scanf("%7s", command) == 1)
    {
        if (strcmp(command, "show") == 0)
            show(list);
        else if (scanf("%d", &value) != 1)
            failed = 1;
        else if (strcmp(command, "add") == 0)
            failed = !add(&list, value);
        else if (strcmp(command, "del") == 0)
            del(&list, value);
    }
    while (list != NULL)
        del(&list, list->value);
    return (failed);
}
