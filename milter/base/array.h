/* array.h - the length of an array. */
#ifndef ALIGND_BASE_ARRAY_H
#define ALIGND_BASE_ARRAY_H

/* Elements of an array; not of a pointer. */
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#endif
