/* SPDX-License-Identifier: MIT */
/* date.c - dates as HTTP writes them: Sun, 06 Nov 1994 08:49:37 GMT.
 *
 * By hand, since strftime and strptime speak the language of the user. */
#define _DEFAULT_SOURCE /* timegm */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "connection.h"

static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed",
                                "Thu", "Fri", "Sat"};
static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void http__format_date(char text[HTTP_DATE_ROOM], time_t when)
{
    struct tm t;

    if (when < 0 || !gmtime_r(&when, &t) || t.tm_year > 9999 - 1900) {
        when = 0;
        gmtime_r(&when, &t);
    }
    snprintf(text, HTTP_DATE_ROOM, "%s, %02u %s %04u %02u:%02u:%02u GMT",
             days[t.tm_wday], (unsigned)t.tm_mday % 100, months[t.tm_mon],
             (unsigned)(t.tm_year + 1900) % 10000, (unsigned)t.tm_hour % 100,
             (unsigned)t.tm_min % 100, (unsigned)t.tm_sec % 100);
}

time_t http__parse_date(const char *text)
{
    char day[4], month[4], end[2];
    struct tm t = {0};
    int m;

    if (strlen(text) != 29 ||
        sscanf(text, "%3s, %2d %3s %4d %2d:%2d:%2d GM%1[T]", day, &t.tm_mday,
               month, &t.tm_year, &t.tm_hour, &t.tm_min, &t.tm_sec, end) != 8)
        return -1;
    for (m = 0; m < 12 && strcmp(month, months[m]) != 0; m++)
        continue;
    if (m == 12 || t.tm_mday < 1 || t.tm_mday > 31 || t.tm_year < 1970)
        return -1;
    t.tm_mon = m;
    t.tm_year -= 1900;
    return timegm(&t);
}

/* Made once a second, for each thread. */
const char *http__now(void)
{
    static _Thread_local char text[HTTP_DATE_ROOM];
    static _Thread_local time_t last = -1;
    time_t now = time(NULL);

    if (now != last)
        http__format_date(text, now);
    last = now;
    return text;
}
