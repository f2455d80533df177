/* bench_osdp.c: how well a panel uses its line. In virtual time: a round of polls to 1, 8 and 32
 * readers at two speeds, against the time that the bytes and the silence before each frame take on
 * the wire when readers answer at once; and in real time the processor's work for 1,000 polls.
 *
 *   bench_osdp [SECONDS]   of virtual time a row, 60 without it
 */
#include "../tests/unit/osdp_bus.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { idle_chars = 2, bits_a_char = 10 };

static double cpu_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static const uint8_t key[osdp_key_bytes] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                                            0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
static struct bus bus;

static uint64_t polls_of(uint32_t readers) {
  uint64_t n = 0;
  for (uint32_t i = 0; i < readers; i++) {
    struct panel_status s;
    if (panel_status(bus.panel, (uint8_t)i, &s) && s.online)
      n += s.polls;
  }
  return n;
}

/* Milliseconds of a round, of its bytes with the silence that the standard asks for, and of work.
 */
static void row(uint32_t readers, uint32_t baud, bool secure, int seconds) {
  bus_open(&bus, baud);
  for (uint8_t i = 0; i < readers; i++) {
    bus_add(&bus, i, secure ? key : NULL);
    bus_know(&bus, i, secure ? PANEL_KEY : PANEL_CLEAR, secure ? key : NULL);
  }
  bus_run(&bus, 30 * USEC_PER_S);
  uint64_t bytes = bus.bytes, frames = bus.frames, polls = polls_of(readers);
  usec from = bus.now;
  double cpu = cpu_seconds();
  bus_run(&bus, seconds * USEC_PER_S);
  cpu = cpu_seconds() - cpu;
  polls = polls_of(readers) - polls;
  frames = bus.frames - frames;
  double rounds = (double)polls / readers;
  double wire = (double)(bus.bytes - bytes) * bits_a_char / baud;
  double limit = wire + (double)frames * idle_chars * bits_a_char / baud;
  double taken = (double)(bus.now - from) / USEC_PER_S;
  bool idle = taken > 1.2 * limit; /* it waits for the next poll to be due: every 50 ms */
  printf("%7u %7u  %-6s %9.2f ms %9.2f ms %9.2f ms %8s %8.2f ms\n", readers, baud,
         secure ? "secure" : "clear", 1e3 * taken / rounds, 1e3 * limit / rounds,
         1e3 * wire / rounds, idle ? "idle" : "", 1e6 * cpu / (double)polls);
  if (!idle)
    printf("%41s %.3f of the limit, %.3f of the bytes alone\n", "", taken / limit, taken / wire);
  bus_close(&bus);
}

int main(int argc, char **argv) {
  static const uint32_t readers[] = {1, 8, 32}, speeds[] = {9600, 115200};
  int seconds = argc > 1 ? atoi(argv[1]) : 60;
  printf("a round of polls; limit: its bytes, and two characters of silence before each command\n");
  printf("%7s %7s  %-6s %12s %12s %12s %8s %11s\n", "readers", "baud", "", "a round", "limit",
         "bytes", "", "CPU/1000");
  for (size_t r = 0; r < 3; r++)
    for (size_t s = 0; s < 2; s++)
      for (int secure = 0; secure < 2; secure++)
        row(readers[r], speeds[s], secure, seconds > 0 ? seconds : 60);
  return 0;
}
