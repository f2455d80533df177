/* engine_limits.h: every bound of the engine process, with its unit in its name. Reaching one is an
 * error that the asking client reads ("busy" or "limit"), never a wait or a crash. */
#ifndef SP_ENGINE_ENGINE_LIMITS_H
#define SP_ENGINE_ENGINE_LIMITS_H

enum {
  /* The socket. */
  request_bytes_max = 64 << 10,
  reply_bytes_max = 256 << 10,
  blob_bytes_max = 16 << 20,
  photo_bytes_max = 2 << 20, /* of a person; a paper may be as long as a blob */
  conn_blobs_max = 4,
  blobs_bytes_max = 96 << 20, /* of all connections, received or announced */
  connections_max = 256,
  conn_requests_max = 2048,         /* asked and not yet answered, of one connection */
  conn_unsent_bytes_max = 16 << 20, /* a client that does not read is cut off */
  request_depth_max = 16,           /* objects and lists within each other */

  /* The batch that gathers while another is being made durable. */
  batch_commands_max = 4096,
  batch_entry_bytes_max = 16 << 20,
  batch_details_bytes_max = 8 << 20,
  batch_paper_bytes_max = 48 << 20, /* reached by one more */

  /* Operators. */
  sessions_max = 1024,
  session_hours_max = 12,
  session_idle_minutes_max = 60,
  password_bytes_min = 8,
  password_bytes_max = 256,
  password_jobs_max = 16, /* hashed or compared at the same time */
  operator_name_bytes_max = 64,
  login_free_tries = 3, /* then each wrong password doubles the wait */
  login_wait_s_max = 300,

  /* Secrets of persons. */
  card_digits_max = 64, /* hex */
  pin_digits_min = 4,
  pin_digits_max = 12,

  /* Snapshots and checkpoints. */
  snapshot_entries = 500000, /* from one snapshot to the next */
  checkpoint_interval_ms = 1000,
};

#endif
