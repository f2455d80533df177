#include "base/time.h"

/* Howard Hinnant's public-domain date algorithms,
 * http://howardhinnant.github.io/date_algorithms.html */
int32_t days_from_civil(int32_t year, unsigned month, unsigned day) {
  year -= month <= 2;
  int32_t era = (year >= 0 ? year : year - 399) / 400;
  uint32_t yoe = (uint32_t)(year - era * 400);
  uint32_t doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  uint32_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return era * 146097 + (int32_t)doe - 719468;
}

void civil_from_days(int32_t days, int32_t *year, unsigned *month, unsigned *day) {
  int32_t z = days + 719468;
  int32_t era = (z >= 0 ? z : z - 146096) / 146097;
  uint32_t doe = (uint32_t)(z - era * 146097);
  uint32_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  uint32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  uint32_t mp = (5 * doy + 2) / 153;
  *day = doy - (153 * mp + 2) / 5 + 1;
  *month = mp < 10 ? mp + 3 : mp - 9;
  *year = (int32_t)yoe + era * 400 + (*month <= 2);
}

unsigned weekday_of_days(int32_t days) {
  return (unsigned)(((days % 7) + 7 + 3) % 7); /* 1970-01-01 was a Thursday */
}

static void put_digits(char *out, uint64_t v, int n) {
  while (n > 0) {
    out[--n] = (char)('0' + v % 10);
    v /= 10;
  }
}

static void split_day(usec t, int32_t *days, uint64_t *rest) {
  int64_t day = t / (86400 * USEC_PER_S);
  if (t < day * 86400 * USEC_PER_S)
    day--;
  *days = (int32_t)day;
  *rest = (uint64_t)(t - day * 86400 * USEC_PER_S);
}

void time_format(char out[time_text_len], usec t) {
  int32_t days, year;
  unsigned month, day;
  uint64_t rest;
  split_day(t, &days, &rest);
  civil_from_days(days, &year, &month, &day);
  uint64_t s = rest / 1000000;
  put_digits(out, (uint64_t)year, 4);
  out[4] = '-';
  put_digits(out + 5, month, 2);
  out[7] = '-';
  put_digits(out + 8, day, 2);
  out[10] = 'T';
  put_digits(out + 11, s / 3600, 2);
  out[13] = ':';
  put_digits(out + 14, s / 60 % 60, 2);
  out[16] = ':';
  put_digits(out + 17, s % 60, 2);
  out[19] = '.';
  put_digits(out + 20, rest % 1000000, 6);
  out[26] = 'Z';
}

static bool digits(const char *s, int n, uint32_t *out) {
  uint32_t v = 0;
  for (int i = 0; i < n; i++) {
    if (s[i] < '0' || s[i] > '9')
      return false;
    v = v * 10 + (uint32_t)(s[i] - '0');
  }
  *out = v;
  return true;
}

static bool date_parse(int32_t *days, const char *s) {
  static const uint8_t month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  uint32_t y, m, d;
  if (!digits(s, 4, &y) || s[4] != '-' || !digits(s + 5, 2, &m) || s[7] != '-' ||
      !digits(s + 8, 2, &d))
    return false;
  if (y < 1 || m < 1 || m > 12 || d < 1)
    return false;
  bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
  if (d > month_days[m - 1] + (uint32_t)(leap && m == 2))
    return false;
  *days = days_from_civil((int32_t)y, m, d);
  return true;
}

bool time_parse(usec *out, const char *s, size_t n) {
  int32_t days;
  uint32_t h, m, sec, us;
  if (n != time_text_len || !date_parse(&days, s) || s[10] != 'T' || !digits(s + 11, 2, &h) ||
      s[13] != ':' || !digits(s + 14, 2, &m) || s[16] != ':' || !digits(s + 17, 2, &sec) ||
      s[19] != '.' || !digits(s + 20, 6, &us) || s[26] != 'Z')
    return false;
  if (h > 23 || m > 59 || sec > 59)
    return false;
  *out = ((int64_t)days * 86400 + (int64_t)h * 3600 + (int64_t)m * 60 + sec) * USEC_PER_S + us;
  return true;
}

bool time_parse_lenient(usec *out, const char *s, size_t n) {
  int32_t days;
  uint32_t h = 0, m = 0, sec = 0, us = 0, zh = 0, zm = 0;
  int sign = 0;
  if (n < 10 || !date_parse(&days, s))
    return false;
  size_t i = 10;
  if (i < n) {
    if (n < 17 || s[10] != 'T' || !digits(s + 11, 2, &h) || s[13] != ':' || !digits(s + 14, 2, &m))
      return false;
    i = 16;
    if (s[i] == ':') {
      if (n < i + 4 || !digits(s + i + 1, 2, &sec))
        return false;
      i += 3;
      if (s[i] == '.') {
        uint32_t scale = 100000;
        size_t first = ++i;
        for (; i < n && s[i] >= '0' && s[i] <= '9'; i++, scale /= 10)
          us += (uint32_t)(s[i] - '0') * scale;
        if (i == first || i > first + 6)
          return false;
      }
    }
    if (i + 1 == n && s[i] == 'Z')
      i++;
    else if (i + 6 == n && (s[i] == '+' || s[i] == '-') && digits(s + i + 1, 2, &zh) &&
             s[i + 3] == ':' && digits(s + i + 4, 2, &zm)) {
      sign = s[i] == '+' ? 1 : -1;
      i = n;
    } else
      return false;
  }
  if (i != n || h > 23 || m > 59 || sec > 59 || zh > 14 || zm > 59)
    return false;
  int64_t seconds = (int64_t)days * 86400 + (int64_t)h * 3600 + (int64_t)m * 60 + sec -
                    sign * ((int64_t)zh * 3600 + (int64_t)zm * 60);
  *out = seconds * USEC_PER_S + us;
  return *out >= USEC_MIN && *out <= USEC_MAX;
}
