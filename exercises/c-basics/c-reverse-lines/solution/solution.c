#include <stdlib.h>
#include <unistd.h>

struct s_text
{
    char *bytes;
    size_t length;
    size_t capacity;
};

static int grow(struct s_text *text)
{
    size_t capacity;
    char *bytes;

    capacity = text->capacity == 0 ? 4096 : text->capacity * 2;
    bytes = realloc(text->bytes, capacity);
    if (bytes == NULL)
        return (0);
    text->bytes = bytes;
    text->capacity = capacity;
    return (1);
}

static int read_all(struct s_text *text)
{
    ssize_t got;

    got = 1;
    while (got > 0)
    {
        if (text->length == text->capacity && !grow(text))
            return (0);
        got = read(STDIN_FILENO, text->bytes + text->length,
                text->capacity - text->length);
        if (got > 0)
            text->length += (size_t)got;
    }
    return (got == 0);
}

static int write_all(const char *bytes, size_t length)
{
    ssize_t put;

    while (length > 0)
    {
        put = write(STDOUT_FILENO, bytes, length);
        if (put < 0)
            return (0);
        bytes += put;
        length -= (size_t)put;
    }
    return (1);
}

/* A line runs from the byte after the previous line feed to its own. */
static int write_reversed(const struct s_text *text)
{
    size_t end;
    size_t start;

    end = text->length;
    while (end > 0)
    {
        start = end - 1;
        while (start > 0 && text->bytes[start - 1] != '\n')
            start--;
        if (!write_all(text->bytes + start, end - start))
            return (0);
        end = start;
    }
    return (1);
}

int main(void)
{
    struct s_text text;
    int done;

    text.bytes = NULL;
    text.length = 0;
    text.capacity = 0;
    done = read_all(&text) && write_reversed(&text);
    free(text.bytes);
    return (!done);
}
