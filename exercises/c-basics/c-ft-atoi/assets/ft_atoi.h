#ifndef FT_ATOI_H
#define FT_ATOI_H

int ft_atoi(const char *string);

#endif
