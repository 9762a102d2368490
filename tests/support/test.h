/* test.h - what every test begins with: cmocka, the headers that it asks for, and rows. */
#ifndef ALIGND_TESTS_TEST_H
#define ALIGND_TESTS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/array.h"

#endif
