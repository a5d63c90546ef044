#include <stdio.h>
#include <unistd.h>

int main(void)
{
    char buffer[4096];
    ssize_t got;
    ssize_t i;
    unsigned long lines;
    unsigned long words;
    unsigned long bytes;
    int in_word;

    lines = 0;
    words = 0;
    bytes = 0;
    in_word = 0;
    while ((got = read(STDIN_FILENO, buffer, sizeof(buffer))) > 0)
    {
        bytes += (unsigned long)got;
        i = 0;
        while (i < got)
        {
            if (buffer[i] == '\n')
                lines++;
            if (buffer[i] == ' ' || buffer[i] == '\t' || buffer[i] == '\n')
                in_word = 0;
            else if (!in_word)
            {
                in_word = 1;
                words++;
            }
            i++;
        }
    }
    printf("%lu %lu %lu\n", lines, words, bytes);
    return (got < 0);
}
