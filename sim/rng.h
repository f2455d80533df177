/* rng.h: numbers that a seed tells, for worlds that must come again exactly. Not for secrets.
 *
 * splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014). Two
 * streams from the same seed with different names share nothing, so that a draw more in one part
 * of the world leaves the others as they were. */
#ifndef SIM_RNG_H
#define SIM_RNG_H

#include <stdbool.h>
#include <stdint.h>

struct rng {
  uint64_t state;
};

static inline uint64_t rng_next(struct rng *r) {
  uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

static inline struct rng rng_from(uint64_t seed, const char *stream) {
  struct rng r = {seed};
  for (; *stream; stream++)
    r.state = rng_next(&r) ^ (uint8_t)*stream;
  return r;
}

/* 0 .. n - 1; 0 for n = 0. The bias is below n / 2^64. */
static inline uint32_t rng_below(struct rng *r, uint32_t n) {
  return n ? (uint32_t)(rng_next(r) % n) : 0;
}
/* from .. to, both included. */
static inline int64_t rng_between(struct rng *r, int64_t from, int64_t to) {
  return from + (int64_t)(rng_next(r) % (uint64_t)(to - from + 1));
}
/* True `n` times in `of`. */
static inline bool rng_chance(struct rng *r, uint32_t n, uint32_t of) {
  return rng_below(r, of) < n;
}

#endif
