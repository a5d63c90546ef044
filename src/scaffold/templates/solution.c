#include <stdio.h>

int	main(void)
{
	long	number;
	long	sum;

	sum = 0;
	while (scanf("%ld", &number) == 1)
		sum += number;
	printf("%ld\n", sum);
	return (0);
}
