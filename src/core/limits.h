/* limits.h: every bound of one site, with its unit in its name. Reaching one is an error that
 * names it. Memory is reserved for all of it once (address space, touched as it is used). */
#ifndef SP_CORE_LIMITS_H
#define SP_CORE_LIMITS_H

enum {
  persons_max = 1 << 20,
  credentials_max = 1 << 21,
  extra_grants_max = 1 << 20, /* access levels of a person beyond the first three */
  separations_max = 1 << 16,  /* keep-separate pairs */
  operators_max = 4096,
  alarms_max = 4096, /* not yet acknowledged */

  authorities_max = 4096,
  places_max = 4096,
  bases_max = 4096,
  basis_versions_max = 32, /* of one law, each replacing the one before */
  classes_max = 256,
  class_rows_max = 1 << 20, /* persons that a class lists, over all classes */
  orders_max = 1 << 20,
  bookings_max = 1 << 20,
  deaths_max = 1 << 16,
  movements_max = 1 << 17,
  members_max = 1 << 20, /* rows of manifests, over all movements */
  hearings_max = 1 << 18,
  visits_max = 1 << 20,
  visit_s_max = 24 * 3600, /* of one visit, but an inspector's */
  assessments_max = 1 << 18,
  counts_max = 1 << 16,
  tallies_max = 1 << 20, /* over all counts */
  emergency_seats_max = 8,
  registration_links_max = 1 << 16, /* twice the pairs of registrations that may be one human */

  areas_max = 8192,
  area_depth_max = 8,
  area_capacity_most = 1000000, /* persons */
  gates_max = 2048,
  doors_max = 2048,
  interlock_peers_max = 64, /* of one door */
  readers_max = 4096,
  lines_max = 256,
  wire_number_max = 15, /* of an input or output of a reader; the first is 0 */
  schedules_max = 128,
  schedule_spans_max = 128, /* of one schedule's week */
  schedule_exceptions_max = 366,
  levels_max = 256,
  level_rules_max = 4096, /* (gate, direction, schedule) rows of one level */
  threats_max = 8,
  formats_max = 32,
  format_fields_max = 8,   /* of one card format */
  format_parities_max = 8, /* parity bits of one card format */
  card_bits_max = 256,     /* of one card, parity included */
  witnesses_max = 16,
  zone_transitions_max = 1024,

  party_max = 8,    /* persons presented at one door and not yet through */
  events_max = 24,  /* of one command */
  effects_max = 24, /* of one command */
};
/* Minor units, of what is committed under one agreement: what a number of JSON can hold. */
#define amount_most ((UINT64_C(1) << 53) - 1)

#endif
