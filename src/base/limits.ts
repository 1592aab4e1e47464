/** Every engine-wide maximum, named, with its reason. */

/** Rows in a batch: large enough to hide the cost of a batch, small enough for 20 columns to stay in L2. */
export const BATCH_ROWS = 4096;

/**
 * Bytes of strings and values of any type that make a batch full, however few its rows: with rows of 300 KB, 4096 of
 * them are over a GB. More than rows of ordinary size weigh, and no more than a ring takes in a few frames.
 */
export const BATCH_BYTES = 1024 * 1024;

/** Rows that one subtask gathers for all channels of an exchange, and those of a full batch however many channels there are. */
export const EXCHANGE_ROWS = 4 * BATCH_ROWS;
export const EXCHANGE_BATCH_ROWS_MIN = 128;

/** Longest time a subtask takes new input in one step before others on its worker get their turn; among many, longer. */
export const STEP_BUDGET_US = 200;
export const STEP_BUDGET_US_MAX = 1000;

/**
 * How long a chain may be at the rows it is given at once: longer batches are cut. Well above what quick functions take for a
 * batch, and well below what people notice. And the rows it is given first.
 */
export const BATCH_SLICE_MS = 2;
export const BATCH_SLICE_ROWS_FIRST = 64;

/**
 * Work that may wait in front of a subtask: an aligned barrier waits for it, at each exchange. A thread that stands still for as
 * long, as one that collects garbage may, lets the one behind it run dry.
 */
export const BACKLOG_MS = 50;
/** Rows that may wait in a channel before it is known how long they take: two of the least full batches. */
export const BACKLOG_ROWS_FIRST = 2 * EXCHANGE_BATCH_ROWS_MIN;

/**
 * Milliseconds before and after 1970 that an event time may be: those of a Date. Bounds of windows and of intervals around it are
 * below 2^53, where a millisecond more is another number.
 */
export const EVENT_TIME_MAX = 8.64e15;

/** How long a partial batch may wait at an output for company. */
export const DEFAULT_BUFFER_TIMEOUT_MS = 10;

/**
 * How often a source promises progress of event time, at most; in a job of many channels, less often. What waits for it is
 * state: at 10 ms the sessions of a fast stream take a tenth more time, at 1 ms tumbling windows a twentieth. Figure sessions.
 */
export const DEFAULT_WATERMARK_INTERVAL_MS = 4;
export const WATERMARK_INTERVAL_MS_MAX = 200;

/** How long a split that is ahead of its alignment group waits until it looks again how far the others are. */
export const DEFAULT_ALIGNMENT_EVERY_MS = 100;

/** How often a source subtask that has no split left of a stage looks whether the others have read theirs. */
export const STAGE_CHECK_MS = 10;

/** Memory for all rings of a job together; a channel gets its share between the two bounds below. */
export const RING_BUDGET_BYTES = 64 * 1024 * 1024;
export const RING_BYTES_MIN = 32 * 1024;
export const RING_BYTES_MAX = 1024 * 1024;

/** Batches waiting in a channel between two subtasks of one worker. */
export const LOCAL_CHANNEL_BATCHES = 4;

/** Keys over all panes that a pre-aggregation keeps before it sends them: as many as stay in L2. */
export const PRE_AGGREGATED_KEYS = 32 * 1024;

/** Rows of the calling program that wait for the job, and of the job that wait for the program. */
export const PROGRAM_INPUT_ROWS = 4 * BATCH_ROWS;
export const PROGRAM_OUTPUT_ROWS = 4 * BATCH_ROWS;

/** How long a job waits for a program that has not begun to read an output before it says so: programs may write first. */
export const UNREAD_OUTPUT_MS = 3_000;

/** Rows an operator emits between two looks at whether its output still has room. */
export const FIRE_SLICE_ROWS = BATCH_ROWS;

/** Fields that one batch of free-form rows may spread over before it is packed row by row. */
export const INFERRED_COLUMNS_MAX = 256;
/** The same where each row has only few of them: V8 does not optimize a loop over very many, and each new one is another loop. */
export const SPARSE_COLUMNS_MAX = 64;

/** Elements of arrays that are looked at one by one, to be written as columns or packed; longer ones are cloned. */
export const ELEMENTS_MAX = 64;

export const DEFAULT_MAX_PARALLELISM = 128;
export const MAX_PARALLELISM_LIMIT = 32768;

/** Threads of one job. */
export const THREADS_MAX = 1024;

/** Heap of a worker thread: a TiB, above which the unit was mistaken. */
export const THREAD_HEAP_MB_MAX = 1024 * 1024;

/** A worker looks for work this long before it goes to sleep. */
export const SPIN_US = 10;

/** Text of a malformed record that becomes a dead letter: more would be no help to whoever reads it. */
export const DEAD_LETTER_TEXT_BYTES = 64 * 1024;

/** Files of a watched folder that one split remembers: each is in every checkpoint, and somebody should clear up before. */
export const WATCHED_FILES_MAX = 100_000;

/** Malformed records that a result shows, of those that a source has skipped. */
export const SHOWN_MALFORMED = 5;

/** Tasks that a checkpoint which takes too long is told to wait for: those behind them wait too. */
export const TOLD_TASKS_MAX = 3;

/** Causes of an error that go with it to another thread: they may form a circle. */
export const ERROR_CAUSES_MAX = 8;

/** Characters of the message of an error, and of its stack: it is kept, sent and shown in many places, and may hold a whole file. */
export const ERROR_TEXT_MAX = 64 * 1024;

/** Bytes of a block of state from which compressing it costs more than sending it to another thread and back. */
export const POOLED_BLOCK_BYTES = 64 * 1024;

/**
 * Blocks, and their bytes, of a checkpoint that go into one write: each write waits for a turn of the event loop, but the memory of
 * a block is given back behind it. Linux takes 1024 pieces at once, and a block has up to three.
 */
export const WRITTEN_BLOCKS_MAX = 256;
export const WRITTEN_BYTES = 4 * 1024 * 1024;

/** Values of a block of keyed state, with the hash of each row: a block costs the calling thread a message and a write. */
export const STATE_BLOCK_VALUES = 64 * 1024;

/**
 * Memory that a worker shares with the calling thread for blocks of state: one of a few columns fits into a piece, and the
 * pieces hold what a worker writes while the calling thread waits for a core.
 */
export const BLOCK_PIECE_BYTES = 512 * 1024;
export const BLOCK_PIECES_MAX = 24;

/** Threads that compress a checkpoint: it may take its time, the job beside it may not. */
export const COMPRESS_THREADS_MAX = 2;

/** How long a thread that compresses, beyond the first, waits for more: the blocks of a checkpoint come close together. */
export const COMPRESS_IDLE_MS = 10_000;

/** Generations of one state: each may keep the directory of a checkpoint, and a restore reads all of them. */
export const GENERATIONS_MAX = 64;

/** State files that a thread keeps open while it restores: it reads one generation after the other. */
export const OPEN_STATE_FILES = 16;

/** How often a thread looks at the size of its heap: a few microseconds each. */
export const HEAP_LOOK_MS = 1000;

/** How often a thread counts the keys of its states, at most: see STATE_LOOK_SHARE. */
export const STATE_LOOK_MS = 1000;

/** Times as long as counting them has taken, a thread does not count them again. */
export const STATE_LOOK_SHARE = 1000;

/** Checkpoints, and failures, that a job remembers for those who watch it, beside the last of each kind. */
export const SHOWN_CHECKPOINTS = 10;
export const SHOWN_FAILURES = 16;

/** Of a request to the server of a job: what it reads of one, how long it waits for it, and how many are connected. */
export const HTTP_HEAD_BYTES_MAX = 16 * 1024;
export const HTTP_BODY_BYTES_MAX = 64 * 1024;
export const HTTP_REQUEST_MS_MAX = 10_000;
export const HTTP_CONNECTIONS_MAX = 256;

/** What has come over a connection and waits for the job; beyond it the connection is not read. */
export const NET_WAITING_BYTES = 1024 * 1024;

/** A record from a connection that is longer is refused: nobody knows whether it ever ends. */
export const NET_RECORD_BYTES_MAX = 1024 * 1024;

/** What a connection has been given to send and has not sent; beyond it the job waits, or a slow listener is dropped. */
export const NET_UNSENT_BYTES = 1024 * 1024;

/** Connections to one connector that listens. */
export const NET_CONNECTIONS_MAX = 256;

/** Those who listen to the events of a job: each costs a line a second. */
export const EVENT_STREAMS_MAX = 32;

/** Savepoints and stops whose outcome can still be asked for. */
export const OPERATIONS_MAX = 100;

/** Jobs that have ended and are kept by a server of several. */
export const ARCHIVED_JOBS_MAX = 100;

/** How long a module of jobs may take until it is loaded, before others of its folder are. */
export const MODULE_LOAD_MS_MAX = 10_000;

/** How long the server of a job that was stopped stays for whoever has asked for it. */
export const OUTCOME_WAIT_MS = 2000;

/** Of a record or a value of state that is shown to people: JSON of about so many bytes, so deep. */
export const SHOWN_VALUE_BYTES = 16 * 1024;
export const SHOWN_VALUE_DEPTH = 16;

/** Records that a look at an edge shows, the bytes of all of them, and how long it waits for them. */
export const TAPPED_RECORDS_MAX = 1000;
export const TAPPED_BYTES_MAX = 1024 * 1024;
export const TAP_WAIT_MS = 2000;

/** From one look to the next whether all threads of a job have begun. */
export const START_LOOK_MS = 20;

/** How long a thread that is asked something may go on with its step. */
export const ANSWER_WAIT_MS = 2000;

/** How long one waits for the process of a job, or a server, that is asked how its jobs are: longer than it may wait for a thread. */
export const PROCESS_WAIT_MS = 5000;

/** Turns of its event loop in which a thread waits for a question that it was told of: mostly it is there in the first. */
export const QUESTION_TURNS_MAX = 16;

/** Keys of several panes up to which those are counted that are in any: each is looked for. About two milliseconds. */
export const COUNTED_KEYS_MAX = 32_768;

/** Rows that one key has in a pane, as those see it who watch the job. */
export const SHOWN_ROWS_MAX = 1000;

/** A profile: how long, how often it looks, and what share of it a frame has at least to be shown. */
export const PROFILE_SECONDS_MAX = 60;
export const PROFILE_INTERVAL_US = 1000;
export const PROFILE_SHARE_MIN = 0.0005;
/** Frames on top of each other, and different stacks of one thread, that a profile has. */
export const PROFILE_DEPTH_MAX = 128;
export const PROFILE_STACKS_MAX = 5000;

/** How long threads are looked at for a dump of their stacks. */
export const THREAD_DUMP_MS = 30;

/** Entries of its log that a job keeps for those who watch it, and the length of the text of each. */
export const LOG_ENTRIES_MAX = 1000;
export const LOG_MESSAGE_MAX = 4096;
