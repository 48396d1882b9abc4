/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The journal from a worker's record to the line in the file: rate, rings, rotation, files that
 * cannot be written, reloads; and that lines written and records lost are exactly what was offered,
 * and what lines say was lost is what was. Workers are threads of the test.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <ftw.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal_priv.h"
#include "reload.h"

#define WORKERS 3
#define DEADLINE_NS (20 * VNF_SECOND_NS)
#define MS 1000000ULL

struct record {
	uint32_t worker;
	uint32_t bad; /* no line can be made of it */
	uint64_t number;
};

/* What a file says. */
struct content {
	uint64_t records, by_worker[WORKERS];
	uint64_t lost[JOURNAL_LOSSES], lost_lines;
	uint64_t out_of_order; /* of one worker */
	char last_time[64];
	uint64_t back; /* lines whose time is before that of the line above */
};

static const struct vnf_config_section section = {
	.title = "Journal",
	.size = sizeof(struct journal_section),
};

static char directory[] = "/tmp/vnf-unit-journal-XXXXXX";
static char path[192];
static struct vnf vnf;
static struct vnf_program program;
static struct vnf_worker workers[WORKERS];
static struct generation generations[8];
static struct vnf_config *files[8];
static const void *configs[VNF_PARTS_MAX];
static uint32_t n_generations;
static struct journal *journal;
static uint64_t offered;
static volatile uint64_t line_ns; /* that a line takes at least */

static json_t *line_of(struct vnf *v, const void *record, size_t octets)
{
	const struct record *r = record;
	uint64_t until = vnf_clock_now() + line_ns;

	while (vnf_clock_now() < until)
		;
	(void)v;
	if (octets != sizeof(*r) || r->bad)
		return NULL;
	return json_pack("{ss si sI}", "event", "test", "worker", r->worker, "number",
			 (json_int_t)r->number);
}

/* ---- the program ---- */

static struct vnf_config *configure(const char *text)
{
	struct vnf_config_section s = section;
	struct vnf_config *file = NULL;
	char conf[160];
	FILE *f;

	s.keys = vnf_journal_part.config;
	snprintf(conf, sizeof(conf), "%s/test.conf", directory);
	f = fopen(conf, "w");
	fprintf(f, "journal = { %s };\n", text);
	fclose(f);
	cr_assert_eq(vnf_config_load(conf, &s, 1, &file), 0);
	return file;
}

/* Of a configuration, or -errno; the file stays, for its errors. */
static int build(const char *text, void **built)
{
	struct vnf_build from;

	files[n_generations] = configure(text);
	from = (struct vnf_build){ .file = files[n_generations],
				   .config = vnf_config_data(files[n_generations], 0) };
	return vnf_journal_part.build(&vnf, &from, built);
}

static void publish(void *built)
{
	struct generation *g = &generations[n_generations];

	g->part_built[PART_JOURNAL] = built;
	configs[PART_JOURNAL] = vnf_config_data(files[n_generations], 0);
	vnf.part_config = configs;
	vnf.generation = g;
	n_generations++;
}

static void take(uint16_t worker)
{
	vnf_journal_part.take(&workers[worker], vnf.generation->part_built[PART_JOURNAL]);
}

static void folder_make(void)
{
	static bool made;

	if (!made)
		cr_assert_not_null(mkdtemp(directory));
	made = true;
}

static void begin(const char *text)
{
	void *state = NULL, *built = NULL;

	folder_make();
	snprintf(path, sizeof(path), "%s/log.jsonl", directory);
	program.journal = line_of;
	vnf.program = &program;
	vnf.n_workers = WORKERS;
	cr_assert_eq(vnf_journal_part.create(&vnf, &state), 0);
	vnf.part_state[PART_JOURNAL] = state;
	journal = state;
	cr_assert_eq(build(text, &built), 0);
	publish(built);
	for (uint16_t i = 0; i < WORKERS; i++) {
		workers[i] = (struct vnf_worker){ .vnf = &vnf, .id = i };
		cr_assert_eq(vnf_journal_part.worker_init(&workers[i]), 0);
		take(i);
	}
}

static void control(void)
{
	vnf_journal_part.control(&vnf);
}

/* Another configuration; workers take it up here. */
static void change(const char *text)
{
	void *built = NULL;

	cr_assert_eq(build(text, &built), 0);
	publish(built);
	for (uint16_t i = 0; i < WORKERS; i++)
		take(i);
	control();
}

/* Returns the counts, for the journal is gone afterwards. */
static struct journal end(void)
{
	struct journal last;

	for (uint16_t i = 0; i < WORKERS; i++)
		vnf_journal_part.worker_fini(&workers[i]);
	last = *journal;
	last.lost_file = journal_lost(journal, JOURNAL_FILE);
	last.told[JOURNAL_RATE] = journal_lost(journal, JOURNAL_RATE);
	last.told[JOURNAL_RING] = journal_lost(journal, JOURNAL_RING);
	for (uint32_t i = 0; i < n_generations; i++) {
		vnf_journal_part.discard(&vnf, generations[i].part_built[PART_JOURNAL]);
		vnf_config_destroy(files[i]);
	}
	vnf.generation = NULL;
	vnf_journal_part.destroy(&vnf, journal);
	cr_assert_eq(last.written + last.lost_file + last.told[JOURNAL_RATE] +
			     last.told[JOURNAL_RING],
		     offered, "of %zu offered %zu are written, lost %zu, %zu, %zu", offered,
		     last.written, last.told[0], last.told[1], last.lost_file);
	return last;
}

static int entry_remove(const char *name, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(name);
}

static void clean(void)
{
	cr_assert_eq(nftw(directory, entry_remove, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* ---- events ---- */

static bool offer_record(uint16_t worker, uint64_t number, bool bad)
{
	struct record *r = vnf_journal_reserve(&workers[worker], sizeof(*r));

	__atomic_fetch_add(&offered, 1, __ATOMIC_RELAXED);
	if (r == NULL)
		return false;
	*r = (struct record){ .worker = worker, .number = number, .bad = bad };
	vnf_journal_write(&workers[worker]);
	return true;
}

static bool offer(uint16_t worker, uint64_t number)
{
	return offer_record(worker, number, false);
}

static uint64_t offer_many(uint16_t worker, uint64_t n)
{
	uint64_t taken = 0;

	for (uint64_t i = 0; i < n; i++)
		taken += offer(worker, i);
	return taken;
}

/* Until the writer has done it. */
static void wait_for(bool (*done)(void))
{
	uint64_t until = vnf_clock_now() + DEADLINE_NS;

	while (!done()) {
		cr_assert_lt(vnf_clock_now(), until, "it takes too long");
		sched_yield();
	}
}

static bool all_written(void)
{
	return journal_read(&journal->written) == offered;
}

static bool all_dealt_with(void)
{
	uint64_t n = journal_read(&journal->written);

	for (int i = 0; i < JOURNAL_LOSSES; i++)
		n += journal_lost(journal, (enum journal_loss)i);
	return n == offered;
}

static bool path_is_there(void)
{
	return access(path, F_OK) == 0;
}

/* ---- files ---- */

static void lost_read(const json_t *line, struct content *c)
{
	const char *by = json_string_value(json_object_get(line, "by"));

	c->lost_lines++;
	for (int i = 0; i < JOURNAL_LOSSES; i++)
		if (strcmp(by, journal_loss_names[i]) == 0)
			c->lost[i] += (uint64_t)json_integer_value(json_object_get(line, "count"));
}

static void line_read(const char *text, uint64_t *next, struct content *c)
{
	json_error_t error;
	json_t *line = json_loads(text, 0, &error);
	const char *time;

	cr_assert_not_null(line, "%s: %s", text, error.text);
	cr_assert_eq(strncmp(text, "{\"time\":\"", 9), 0, "%s", text);
	time = json_string_value(json_object_get(line, "time"));
	cr_assert_eq(strlen(time), 30, "%s", time);
	c->back += strcmp(time, c->last_time) < 0;
	snprintf(c->last_time, sizeof(c->last_time), "%s", time);
	if (strcmp(json_string_value(json_object_get(line, "event")), "lost") == 0) {
		lost_read(line, c);
	} else {
		uint64_t w = (uint64_t)json_integer_value(json_object_get(line, "worker"));
		uint64_t n = (uint64_t)json_integer_value(json_object_get(line, "number"));

		c->records++;
		c->by_worker[w]++;
		c->out_of_order += n < next[w];
		next[w] = n + 1;
	}
	json_decref(line);
}

static struct content file_read(const char *name)
{
	uint64_t next[WORKERS] = { 0 };
	struct content c = { 0 };
	char text[1024];
	FILE *f = fopen(name, "r");

	cr_assert_not_null(f, "%s: %s", name, strerror(errno));
	while (fgets(text, sizeof(text), f) != NULL)
		line_read(text, next, &c);
	fclose(f);
	return c;
}

/* What is logged goes there from now on. */
static void stderr_catch(void)
{
	char name[160];

	snprintf(name, sizeof(name), "%s/stderr", directory);
	cr_assert_not_null(freopen(name, "w+", stderr));
}

static uint64_t stderr_lines(const char *with)
{
	char name[160], text[1024];
	uint64_t n = 0;
	FILE *f;

	snprintf(name, sizeof(name), "%s/stderr", directory);
	f = fopen(name, "r");
	while (fgets(text, sizeof(text), f) != NULL)
		n += strstr(text, with) != NULL;
	fclose(f);
	return n;
}

/* ---- tests ---- */

Test(journal, is_off_without_a_file)
{
	begin("");
	cr_assert_not(vnf_journal_is_on(&workers[0]));
	cr_assert_null(vnf_journal_reserve(&workers[0], 8));
	control();
	cr_assert_not(journal->running);
	end();
	clean();
}

Test(journal, lines_begin_with_the_time)
{
	struct content c;
	struct stat st;

	begin("file = \"log.jsonl\";");
	cr_assert(vnf_journal_is_on(&workers[0]));
	cr_assert(offer(0, 0));
	control();
	wait_for(all_written);
	cr_assert(offer(1, 0));
	end();
	c = file_read(path);
	cr_assert_eq(c.records, 2);
	cr_assert_eq(c.lost_lines, 0);
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_mode & 0777 & ~0640u, 0, "%o", st.st_mode);
	clean();
}

/* They are older than those of the worker before, and all are there when the writer begins. */
Test(journal, oldest_record_comes_first)
{
	struct content c;

	begin("file = \"log.jsonl\"; rate = 1000000;");
	for (uint64_t i = 0; i < 300; i++) {
		uint16_t w = (uint16_t)(WORKERS - 1 - i / 100);

		workers[w].now_ns = MS * (1000 + (i % 100) * WORKERS + w);
		cr_assert(offer(w, i % 100));
	}
	control();
	end();
	c = file_read(path);
	cr_assert_eq(c.records, 300);
	cr_assert_eq(c.back, 0);
	cr_assert_eq(c.out_of_order, 0);
	clean();
}

Test(journal, all_is_written_at_a_stop)
{
	uint64_t before;

	begin("file = \"log.jsonl\"; rate = 1000000;");
	/* Nobody but the stop hands the file over. */
	for (uint16_t w = 0; w < WORKERS; w++)
		cr_assert_eq(offer_many(w, 5000), 5000);
	before = vnf_clock_now();
	end();
	cr_assert_lt(vnf_clock_now() - before, 5 * VNF_SECOND_NS);
	cr_assert_eq(file_read(path).records, WORKERS * 5000);
	clean();
}

Test(journal, rate_is_that_of_all_workers_together)
{
	struct content c;

	begin("file = \"log.jsonl\"; rate = 7;");
	cr_assert_eq(offer_many(0, 4), 4);
	cr_assert_eq(offer_many(1, 4), 3);
	workers[2].now_ns = 142 * MS;
	cr_assert_eq(offer_many(2, 1), 0);
	workers[2].now_ns = 143 * MS;
	cr_assert_eq(offer_many(2, 2), 1);
	/* After a pause a second's worth, and no more. */
	workers[0].now_ns = 60 * VNF_SECOND_NS;
	cr_assert_eq(offer_many(0, 100), 7);
	control();
	end();
	c = file_read(path);
	cr_assert_eq(c.records, 15);
	cr_assert_eq(c.lost[JOURNAL_RATE], offered - 15);
	clean();
}

Test(journal, full_ring_is_told)
{
	struct content c;
	uint64_t taken;

	begin("file = \"log.jsonl\"; rate = 1000000; buffer = \"64k\";");
	taken = offer_many(0, 10000);
	cr_assert_eq(taken, 65536 / (8 + sizeof(struct journal_head) + sizeof(struct record)));
	cr_assert_eq(offer_many(1, 10), 10);
	control();
	end();
	c = file_read(path);
	cr_assert_eq(c.records, taken + 10);
	cr_assert_eq(c.lost[JOURNAL_RING], 10000 - taken);
	clean();
}

Test(journal, losses_are_told_once_a_second)
{
	struct content c;

	begin("file = \"log.jsonl\"; rate = 1;");
	control();
	for (int i = 0; i < 100; i++) {
		offer(0, (uint64_t)i);
		wait_for(all_dealt_with);
	}
	end();
	c = file_read(path);
	cr_assert_eq(c.lost[JOURNAL_RATE], 99);
	/* The first at once, the rest at the end; and one more where this took a second. */
	cr_assert_leq(c.lost_lines, 4);
	clean();
}

Test(journal, record_without_a_line_is_lost)
{
	struct content c;

	begin("file = \"log.jsonl\";");
	cr_assert(offer_record(0, 0, true));
	cr_assert(offer(0, 1));
	cr_assert_null(vnf_journal_reserve(&workers[0], VNF_JOURNAL_RECORD_MAX + 1));
	offered++;
	cr_assert_not_null(vnf_journal_reserve(&workers[1], VNF_JOURNAL_RECORD_MAX));
	memset((char *)vnf_journal_reserve(&workers[2], 8), 0, 8);
	offered += 2;
	vnf_journal_write(&workers[1]);
	vnf_journal_write(&workers[2]);
	control();
	end();
	c = file_read(path);
	cr_assert_eq(c.records, 1);
	cr_assert_eq(c.lost[JOURNAL_FILE], 3);
	cr_assert_eq(c.lost[JOURNAL_RING], 1);
	clean();
}

/* And left in time: within a second. */
Test(journal, rotated_file_is_left)
{
	char old[200];
	uint64_t before;

	begin("file = \"log.jsonl\";");
	control();
	offer_many(0, 10);
	wait_for(all_written);
	snprintf(old, sizeof(old), "%s.1", path);
	cr_assert_eq(rename(path, old), 0);
	before = vnf_clock_now();
	wait_for(path_is_there);
	cr_expect_lt(vnf_clock_now() - before, 3 * VNF_SECOND_NS);
	offer_many(1, 20);
	end();
	cr_assert_eq(file_read(old).records, 10);
	cr_assert_eq(file_read(path).records, 20);
	clean();
}

/* Also while more events come than can be written. */
Test(journal, rotated_file_is_left_under_load)
{
	uint64_t until;
	char old[200];

	begin("file = \"log.jsonl\"; rate = 1000000; buffer = \"64M\";");
	control();
	offer_many(0, 10);
	wait_for(all_written);
	snprintf(old, sizeof(old), "%s.1", path);
	cr_assert_eq(rename(path, old), 0);
	/* 11 seconds of work. */
	line_ns = 12000;
	offer_many(0, 950000);
	until = vnf_clock_now() + 9 * VNF_SECOND_NS;
	while (!path_is_there())
		cr_assert_lt(vnf_clock_now(), until, "the writer does not look up");
	line_ns = 0;
	end();
	clean();
}

static bool error_is_told(void)
{
	return __atomic_load_n(&journal->error, __ATOMIC_RELAXED) != 0;
}

static bool error_is_over(void)
{
	return __atomic_load_n(&journal->error, __ATOMIC_RELAXED) == 0;
}

/* What cannot be followed is written where it was. */
Test(journal, file_that_cannot_be_made_anew)
{
	char old[160], inner[140];

	folder_make();
	snprintf(inner, sizeof(inner), "%s/inner", directory);
	cr_assert_eq(mkdir(inner, 0755), 0);
	begin("file = \"inner/log.jsonl\";");
	control();
	offer_many(0, 10);
	wait_for(all_written);
	snprintf(old, sizeof(old), "%s-moved", inner);
	cr_assert_eq(rename(inner, old), 0);
	wait_for(error_is_told);
	offer_many(0, 10);
	wait_for(all_written);
	cr_assert_eq(rename(old, inner), 0);
	wait_for(error_is_over);
	end();
	snprintf(path, sizeof(path), "%s/log.jsonl", inner);
	cr_assert_eq(file_read(path).records, 20);
	clean();
}

Test(journal, full_disk_loses_lines_until_there_is_room)
{
	struct content c;
	struct journal last;

	begin("file = \"/dev/full\"; rate = 100;");
	stderr_catch();
	control();
	cr_assert_eq(offer_many(0, 1000), 100);
	wait_for(all_dealt_with);
	cr_assert_eq(journal_lost(journal, JOURNAL_FILE), 100);
	cr_assert_eq(__atomic_load_n(&journal->error, __ATOMIC_RELAXED), ENOSPC);
	/* Again within the minute. */
	workers[0].now_ns = VNF_SECOND_NS;
	cr_assert_eq(offer_many(0, 100), 100);
	wait_for(all_dealt_with);
	cr_assert_eq(stderr_lines("/dev/full: No space left on device; make room"), 1);
	change("file = \"log.jsonl\"; rate = 100;");
	workers[0].now_ns = 10 * VNF_SECOND_NS;
	cr_assert(offer(0, 0));
	last = end();
	cr_assert_eq(last.written, 1, "%zu, %zu", last.written, last.lost_file);
	c = file_read(path);
	cr_assert_eq(c.records, 1);
	cr_assert_eq(c.lost[JOURNAL_FILE], 200);
	cr_assert_eq(c.lost[JOURNAL_RATE], 900);
	clean();
}

Test(journal, file_that_cannot_be_opened_is_refused)
{
	char *text = NULL;
	size_t size = 0;
	void *built = NULL;
	FILE *f;

	begin("file = \"log.jsonl\";");
	cr_assert_eq(build("file = \"missing/log.jsonl\";", &built), -ENOENT);
	cr_assert_null(built);
	f = open_memstream(&text, &size);
	vnf_config_print_errors(files[n_generations], f);
	fclose(f);
	cr_assert_not_null(strstr(text, "test.conf:1: journal.file: cannot write to \""), "%s",
			   text);
	cr_assert_not_null(strstr(text, "/missing/log.jsonl\": No such file or directory; make its "
					"folder"),
			   "%s", text);
	vnf_config_destroy(files[n_generations]);
	free(text);
	/* What is in force goes on. */
	offer_many(0, 5);
	end();
	cr_assert_eq(file_read(path).records, 5);
	clean();
}

/* By a reload that is only tried, or that something else refuses. */
Test(journal, configuration_that_is_not_taken_leaves_no_file)
{
	char other[160];
	void *built = NULL;

	begin("file = \"log.jsonl\";");
	snprintf(other, sizeof(other), "%s/other", directory);
	cr_assert_eq(build("file = \"other\";", &built), 0);
	cr_assert_eq(access(other, F_OK), 0);
	vnf_journal_part.discard(&vnf, built);
	vnf_config_destroy(files[n_generations]);
	cr_assert_neq(access(other, F_OK), 0);
	/* But never one that was there before. */
	fclose(fopen(other, "w"));
	cr_assert_eq(build("file = \"other\";", &built), 0);
	vnf_journal_part.discard(&vnf, built);
	vnf_config_destroy(files[n_generations]);
	cr_assert_eq(access(other, F_OK), 0);
	end();
	cr_assert_eq(access(path, F_OK), 0);
	clean();
}

static bool writer_has_all(void)
{
	bool has;

	pthread_mutex_lock(&journal->lock);
	has = !journal->has_next;
	pthread_mutex_unlock(&journal->lock);
	return has;
}

Test(journal, file_goes_when_all_workers_have_left_it)
{
	void *built = NULL;

	begin("file = \"log.jsonl\";");
	control();
	cr_assert_eq(build("", &built), 0);
	publish(built);
	take(0);
	cr_assert_not(vnf_journal_is_on(&workers[0]));
	control();
	wait_for(writer_has_all);
	/* This one still goes by the one before. */
	cr_assert(offer(1, 0));
	take(1);
	take(2);
	control();
	cr_assert(!vnf_journal_is_on(&workers[1]));
	wait_for(all_written);
	change("file = \"log.jsonl\";");
	cr_assert(offer(2, 0));
	end();
	cr_assert_eq(file_read(path).records, 2);
	clean();
}

/* ---- workers as threads ---- */

static uint32_t newest; /* generation that they are to take, plus 1 */
static bool workers_stop_now;

static void *worker_main(void *arg)
{
	uint16_t id = *(uint16_t *)arg;
	uint32_t has = 1;

	for (uint64_t n = 0; !__atomic_load_n(&workers_stop_now, __ATOMIC_ACQUIRE); n++) {
		uint32_t is = __atomic_load_n(&newest, __ATOMIC_ACQUIRE);

		workers[id].now_ns = vnf_clock_now();
		if (is != has) {
			vnf_journal_part.take(&workers[id],
					      generations[is - 1].part_built[PART_JOURNAL]);
			has = is;
		}
		for (int i = 0; i < 8; i++)
			if (vnf_journal_is_on(&workers[id]))
				offer(id, n * 8 + (uint64_t)i);
	}
	return NULL;
}

static bool newest_is_taken(void)
{
	control();
	return journal->given == newest;
}

static uint64_t written_before;

static bool more_is_written(void)
{
	return journal_read(&journal->written) > written_before + 2000;
}

static void threads_change(const char *text, bool on)
{
	void *built = NULL;

	cr_assert_eq(build(text, &built), 0);
	publish(built);
	__atomic_store_n(&newest, n_generations, __ATOMIC_RELEASE);
	wait_for(newest_is_taken);
	written_before = journal_read(&journal->written);
	if (on)
		wait_for(more_is_written);
}

static void content_add(struct content *sum, const char *name)
{
	char full[160];
	struct content c;

	snprintf(full, sizeof(full), "%s/%s", directory, name);
	c = file_read(full);
	sum->records += c.records;
	sum->out_of_order += c.out_of_order;
	for (int i = 0; i < JOURNAL_LOSSES; i++)
		sum->lost[i] += c.lost[i];
}

Test(journal, nothing_is_unaccounted_for_while_all_changes)
{
	pthread_t threads[WORKERS];
	static uint16_t ids[WORKERS];
	struct content sum = { 0 };
	struct journal last;

	begin("file = \"a.jsonl\"; rate = 1000000; buffer = \"64k\";");
	newest = 1;
	for (uint16_t i = 0; i < WORKERS; i++) {
		ids[i] = i;
		pthread_create(&threads[i], NULL, worker_main, &ids[i]);
	}
	wait_for(newest_is_taken);
	threads_change("file = \"b.jsonl\"; rate = 20000; buffer = \"64k\";", true);
	threads_change("file = \"\"; buffer = \"64k\";", false);
	threads_change("file = \"c.jsonl\"; rate = 1000000; buffer = \"64k\";", true);
	threads_change("file = \"a.jsonl\"; rate = 1000000; buffer = \"64k\";", true);
	__atomic_store_n(&workers_stop_now, true, __ATOMIC_RELEASE);
	for (uint16_t i = 0; i < WORKERS; i++)
		pthread_join(threads[i], NULL);
	last = end();
	content_add(&sum, "a.jsonl");
	content_add(&sum, "b.jsonl");
	content_add(&sum, "c.jsonl");
	cr_assert_eq(sum.records, last.written);
	cr_assert_eq(sum.out_of_order, 0);
	cr_assert_eq(sum.lost[JOURNAL_RATE], last.told[JOURNAL_RATE]);
	cr_assert_eq(sum.lost[JOURNAL_RING], last.told[JOURNAL_RING]);
	cr_assert_eq(last.lost_file, 0);
	cr_assert_gt(sum.lost[JOURNAL_RATE], 0);
	clean();
}

Test(journal, command_tells_all)
{
	struct vnf_refusal why;
	json_t *told;

	begin("file = \"log.jsonl\"; rate = 3;");
	control();
	offer_many(0, 10);
	wait_for(all_dealt_with);
	told = vnf_journal_part.commands[0].run(&vnf, NULL, &why);
	cr_assert_str_eq(json_string_value(json_object_get(told, "file")), "log.jsonl");
	cr_assert_eq(json_integer_value(json_object_get(told, "rate")), 3);
	cr_assert_eq(json_integer_value(json_object_get(told, "written")), 3);
	cr_assert_eq(json_integer_value(json_object_get(json_object_get(told, "lost"), "rate")), 7);
	cr_assert(json_is_null(json_object_get(told, "error")));
	json_decref(told);
	end();
	clean();
}
