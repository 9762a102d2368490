/* sample_report.h - an aggregate report of a.example with records of every kind. */
#ifndef ALIGND_TESTS_SAMPLE_REPORT_H
#define ALIGND_TESTS_SAMPLE_REPORT_H

#include "report/aggregate.h"

/* Never NULL. */
struct aggregate *sample_report(void);

/* Its policy and its records, to be changed and added. */
struct store_policy sample_policy(void);
struct store_record sample_record(void);

#endif
