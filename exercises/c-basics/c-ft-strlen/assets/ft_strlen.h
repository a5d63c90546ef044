#ifndef FT_STRLEN_H
#define FT_STRLEN_H

#include <stddef.h>

size_t ft_strlen(const char *string);

#endif
