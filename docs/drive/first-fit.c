/* First fit that frees at once:  cc first-fit.c -o first-fit && vmapcheck drive -- ./first-fit  (../drive.md) */
#include <stdio.h>
#include <string.h>

static struct { unsigned long start, end; } areas[4096];	/* by address */
static int count;

static unsigned long alloc(unsigned long size, unsigned long align, unsigned long low, unsigned long high)
{
	unsigned long at = (low + align - 1) / align * align;
	int i;

	for (i = 0; i < count && (areas[i].end <= at || areas[i].start < at || areas[i].start - at < size); i++)
		if (areas[i].end > at)
			at = (areas[i].end + align - 1) / align * align;
	if (at < low || at > high || size > high - at || count == 4096)	/* at + size may wrap */
		return 0;
	memmove(areas + i + 1, areas + i, (count++ - i) * sizeof *areas);
	areas[i].start = at;
	areas[i].end = at + size;
	return at;
}

int main(void)
{
	unsigned long size, align, low, high, at, i;

	for (char line[256]; fgets(line, sizeof line, stdin); fflush(stdout)) {
		if (!strncmp(line, "hello", 5))
			puts("name first-fit.c; can alloc align free again; tells flush; frees eager; placement lowest-fit");
		else if (sscanf(line, "alloc %*x %lx %lx %lx %lx", &size, &align, &low, &high) == 4)
			(at = alloc(size, align, low, high)) ? printf("addr %lx\n", at) : puts("err EBUSY");
		else if (sscanf(line, "free %*x %lx", &at) == 1) {
			for (i = 0; areas[i].start != at; i++);
			printf("flush %lx %lx; ok\n", at, areas[i].end);
			memmove(areas + i, areas + i + 1, (--count - i) * sizeof *areas);
		} else	/* init: all is free again */
			count = 0, puts("ok");
	}
}
