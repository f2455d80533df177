/* time.h: time is a signed 64-bit count of microseconds since 1970-01-01T00:00:00Z.
 * Pure: no clock is read here, no locale, no time zone. Years 0001 to 9999. */
#ifndef SP_BASE_TIME_H
#define SP_BASE_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int64_t usec;

#define USEC_PER_MS INT64_C(1000)
#define USEC_PER_S  INT64_C(1000000)
#define USEC_MIN    INT64_C(-62135596800000000) /* 0001-01-01T00:00:00.000000Z */
#define USEC_MAX    INT64_C(253402300799999999) /* 9999-12-31T23:59:59.999999Z */

enum { time_text_len = 27 }; /* "2026-11-23T07:14:27.123456Z" */

/* Writes exactly time_text_len bytes, no NUL. t is between USEC_MIN and USEC_MAX. */
void time_format(char out[time_text_len], usec t);
/* Accepts exactly the form above, nothing else (canonical). False if malformed or no such date. */
bool time_parse(usec *out, const char *s, size_t n);
/* For people: "2026-11-23", "2026-11-23T07:14[:27[.123456]](Z|+hh:mm)". False if malformed. */
bool time_parse_lenient(usec *out, const char *s, size_t n);

/* Days since 1970-01-01 of a Gregorian date, and back. month 1-12, day 1-31. */
int32_t days_from_civil(int32_t year, unsigned month, unsigned day);
void civil_from_days(int32_t days, int32_t *year, unsigned *month, unsigned *day);
/* 0 = Monday … 6 = Sunday. */
unsigned weekday_of_days(int32_t days);

#endif
