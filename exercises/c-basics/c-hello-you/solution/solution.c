#include <unistd.h>

static void put_string(const char *string)
{
    size_t length;

    length = 0;
    while (string[length] != '\0')
        length++;
    write(STDOUT_FILENO, string, length);
}

int main(int argc, char **argv)
{
    put_string("Hello, ");
    put_string(argc > 1 ? argv[1] : "World");
    put_string("!\n");
    return (0);
}
