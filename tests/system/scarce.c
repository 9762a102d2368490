/* scarce.c - preloaded, lets the program's own calls for memory fail: one of N by chance, N being
 * the first word of the file that SCARCE names (0: none), so that a test can turn it on and off.
 * What the libraries ask for they get. */
#include <fcntl.h>
#include <link.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define CALLER __builtin_return_address(0)

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
int __asprintf_chk(char **out, int flag, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static struct {
	const volatile uint32_t *rate;
	uintptr_t begin, end; /* of the program's code */
	atomic_uint dice;
} self;

static int find_program(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	(void)arg;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD && info->dlpi_phdr[i].p_flags & PF_X) {
			self.begin = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
			self.end = self.begin + info->dlpi_phdr[i].p_memsz;
		}
	return 1; /* the program comes first */
}

__attribute__((constructor)) static void start(void)
{
	const char *path = getenv("SCARCE");
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *p = fd >= 0 ? mmap(NULL, sizeof(uint32_t), PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;

	dl_iterate_phdr(find_program, NULL);
	if (p != MAP_FAILED)
		self.rate = p;
}

static bool refused(const void *caller)
{
	uintptr_t at = (uintptr_t)caller;
	uint32_t n, rate = self.rate != NULL ? *self.rate : 0;

	if (rate == 0 || at < self.begin || at >= self.end)
		return false;
	n = atomic_fetch_add(&self.dice, 1) * 2654435761u;
	n = (n ^ n >> 15) * 2246822519u;
	return (n ^ n >> 13) % rate == 0;
}

void *malloc(size_t n)
{
	return refused(CALLER) ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
	return refused(CALLER) ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
	return refused(CALLER) ? NULL : __libc_realloc(p, n);
}

static char *copy(const char *s, size_t n)
{
	char *c = __libc_malloc(n + 1);

	if (c != NULL) {
		memcpy(c, s, n);
		c[n] = '\0';
	}
	return c;
}

char *strdup(const char *s)
{
	return refused(CALLER) ? NULL : copy(s, strlen(s));
}

char *strndup(const char *s, size_t n)
{
	return refused(CALLER) ? NULL : copy(s, strnlen(s, n));
}

int __asprintf_chk(char **out, int flag, const char *format, ...)
{
	va_list args;
	int n = -1;

	(void)flag;
	va_start(args, format);
	if (!refused(CALLER))
		n = vasprintf(out, format, args);
	va_end(args);
	return n;
}
