/* option_text.c - the checks of options that are text. */
#include "config/option_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/domain.h"
#include "base/utf8.h"

#define UNIX_PATH_MAX 107 /* sun_path of sockaddr_un without the NUL */

static bool check_text(const struct option *o, const char *value, struct error *why)
{
	size_t len = strlen(value), n = 1;

	for (; len > 0 && n > 0; value += n, len -= n)
		n = utf8_printable(value, len);
	if (n == 0)
		error_set(why, "%s must be text in UTF-8 without control characters", o->name);
	return n > 0;
}

static bool check_path(const struct option *o, const char *value, struct error *why)
{
	bool none = o->least > 0; /* others are left empty */

	if (value[0] == '/' || (none && strcmp(value, "none") == 0))
		return true;
	error_set(why, "%s = %.100s: must be a path from the root, /...%s", o->name, value,
		  none ? ", or none" : "");
	return false;
}

/* A decimal number from 1 to 65535, `n` bytes. */
static bool port(const char *text, size_t n)
{
	unsigned long v = 0;

	if (n == 0 || n > 5 || text[0] == '0')
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!ascii_is_digit(text[i]))
			return false;
		v = v * 10 + (unsigned long)(text[i] - '0');
	}
	return v <= 65535;
}

static bool address_of(const char *text, size_t n, enum addr_family family)
{
	char buffer[ADDR_TEXT_SIZE];
	struct addr addr;

	if (n >= sizeof(buffer))
		return false;
	memcpy(buffer, text, n);
	buffer[n] = '\0';
	return addr_parse(buffer, &addr) && (family == ADDR_NONE || addr.family == family);
}

/* A host: a name that is no number, or an IPv4 address; an IPv6 address stands in brackets. */
static bool host(const char *text, size_t n)
{
	char name[DOMAIN_SIZE];

	if (n > 2 && text[0] == '[' && text[n - 1] == ']')
		return address_of(text + 1, n - 2, ADDR_IP6);
	if (address_of(text, n, ADDR_IP4))
		return true;
	return domain_normal(text, n, name) && !ascii_is_digit(domain_tail(name, 1)[0]);
}

static bool socket_ok(const char *value)
{
	const char *at = strchr(value, '@');
	size_t n = at != NULL ? strlen(at + 1) : 0;

	if (strncmp(value, "unix:", 5) == 0)
		return value[5] != '\0' && strlen(value + 5) <= UNIX_PATH_MAX;
	if (at == NULL)
		return false;
	if (strncmp(value, "inet:", 5) == 0)
		return port(value + 5, (size_t)(at - value) - 5) && at[1] != '[' && host(at + 1, n);
	return strncmp(value, "inet6:", 6) == 0 && port(value + 6, (size_t)(at - value) - 6) &&
	       at[1] == '[' && host(at + 1, n);
}

static bool check_listen(const struct option *o, const char *value, struct error *why)
{
	if (socket_ok(value))
		return true;
	error_set(why,
		  "%s = %.100s: must be inet:PORT@ADDRESS such as inet:8892@127.0.0.1, "
		  "inet6:PORT@[ADDRESS], or "
		  "unix:PATH of at most %d bytes",
		  o->name, value, UNIX_PATH_MAX);
	return false;
}

static bool check_url(const struct option *o, const char *value, struct error *why)
{
	size_t scheme = strncmp(value, "smtp://", 7) == 0    ? 7
			: strncmp(value, "smtps://", 8) == 0 ? 8
							     : 0;
	const char *rest = value + scheme, *colon = strrchr(rest, ':');
	size_t n = strlen(rest);

	if (colon != NULL && strchr(colon, ']') != NULL)
		colon = NULL;
	if (colon != NULL)
		n = (size_t)(colon - rest);
	if (scheme > 0 && host(rest, n) && (colon == NULL || port(colon + 1, strlen(colon + 1))))
		return true;
	error_set(why, "%s = %.100s: must be smtp://HOST:PORT or smtps://HOST:PORT", o->name,
		  value);
	return false;
}

/* Local part and domain, the domain in normal form. */
static const char *read_mailbox(struct arena *a, const struct option *o, const char *value,
				struct error *why)
{
	const char *at = strrchr(value, '@');
	char text[1 + MAX_LOCAL_PART + DOMAIN_SIZE];
	size_t local = at != NULL ? (size_t)(at - value) : 0;

	if (local == 0 || local > MAX_LOCAL_PART || strcspn(value, " \t\"<>()[],;:\\@") < local ||
	    !domain_normal(at + 1, strlen(at + 1), text + local + 1)) {
		error_set(why, "%s = %.100s: must be an address such as user@example.org", o->name,
			  value);
		return NULL;
	}
	for (size_t i = 0; i < local; i++)
		if (value[i] <= ' ' || value[i] > '~')
			return error_set(why, "%s: the part before @ must be ASCII", o->name), NULL;
	memcpy(text, value, local);
	text[local] = '@';
	return arena_text(a, text);
}

static const char *read_domain(struct arena *a, const struct option *o, const char *value,
			       struct error *why)
{
	char name[DOMAIN_SIZE];

	if (domain_normal(value, strlen(value), name))
		return arena_text(a, name);
	error_set(why, "%s = %.100s: this is no domain name%s", o->name, value,
		  strncmp(value, "*.", 2) == 0 ? "; write it without \"*.\"" : "");
	return NULL;
}

static const char *read_nameserver(struct arena *a, const struct option *o, const char *value,
				   struct error *why)
{
	size_t n = strcspn(value, "@");

	if (address_of(value, n, ADDR_NONE) &&
	    (value[n] == '\0' || port(value + n + 1, strlen(value + n + 1))))
		return arena_text(a, value);
	error_set(why, "%s = %.100s: must be ADDRESS or ADDRESS@PORT", o->name, value);
	return NULL;
}

static bool check_plain(const struct option *o, const char *value, struct error *why)
{
	switch (o->kind) {
	case OPTION_PATH: return check_text(o, value, why) && check_path(o, value, why);
	case OPTION_LISTEN: return check_listen(o, value, why);
	case OPTION_URL: return check_url(o, value, why);
	default: return check_text(o, value, why);
	}
}

const char *option_text_read(struct arena *a, const struct option *o, const char *value,
			     struct error *why)
{
	error_set(why, "out of memory"); /* unless something else is said below */
	if (value[0] == '\0' && (o->least == 0 && o->kind <= OPTION_DOMAIN))
		return arena_text(a, "");
	switch (o->kind) {
	case OPTION_MAILBOX: return read_mailbox(a, o, value, why);
	case OPTION_DOMAIN:
	case OPTION_DOMAINS: return read_domain(a, o, value, why);
	case OPTION_NAMESERVERS: return read_nameserver(a, o, value, why);
	default: return check_plain(o, value, why) ? arena_text(a, value) : NULL;
	}
}
