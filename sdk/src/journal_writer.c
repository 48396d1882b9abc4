/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The thread that makes lines of records: it takes them out of the workers' rings, the oldest
 * first, and writes them. When it finds nothing it flushes, so that whoever reads along sees all
 * that there is; under load it flushes every 100 ms. It looks twice a second whether the file was
 * rotated. What cannot be written is given up and counted: it neither waits nor ends.
 */

#include "journal_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NAP_NS 10000000
#define FLUSH_NS (VNF_SECOND_NS / 10)
#define LOOK_NS (VNF_SECOND_NS / 2)
#define TELL_NS VNF_SECOND_NS
#define COMPLAIN_NS (60 * VNF_SECOND_NS)
/* For what is in the rings at the end. */
#define END_NS (10 * VNF_SECOND_NS)

const char *const journal_loss_names[JOURNAL_LOSSES] = { "rate", "ring", "file" };

uint64_t journal_lost(const struct journal *j, enum journal_loss loss)
{
	uint64_t lost = 0;

	if (loss == JOURNAL_FILE)
		return journal_read(&j->lost_file);
	for (uint16_t i = 0; i < j->n_workers; i++)
		lost += journal_read(&j->workers[i].lost[loss]);
	return lost;
}

/* ---- trouble ---- */

/* It may last for hours: once a minute. */
static void complain(struct journal *j, const char *what, int error)
{
	uint64_t now = vnf_clock_now();

	__atomic_store_n(&j->error, (uint32_t)error, __ATOMIC_RELAXED);
	if (now < j->complain_ns)
		return;
	j->complain_ns = now + COMPLAIN_NS;
	vnf_error("journal: %s %s: %s; %s; %" PRIu64 " lines are lost so far", what, j->file->path,
		  strerror(error), journal_file_advice(error), journal_lost(j, JOURNAL_FILE));
}

static void outcome_take(struct journal *j)
{
	struct journal_outcome *o = &j->outcome;
	int error = o->error;

	journal_count(&j->written, o->written);
	journal_count(&j->lost_file, o->lost);
	/* They are to be told of again, as soon as that can be. */
	for (int i = 0; i < JOURNAL_LOSSES; i++) {
		j->told[i] -= o->untold[i];
		if (o->untold[i] != 0)
			j->tell_ns = 0;
	}
	*o = (struct journal_outcome){ .error = 0 };
	if (error != 0)
		complain(j, "cannot write to", error);
}

static void flush(struct journal *j)
{
	bool any = j->file->used != 0;

	journal_file_flush(j->file, &j->outcome);
	if (any && j->outcome.error == 0)
		__atomic_store_n(&j->error, 0, __ATOMIC_RELAXED);
	outcome_take(j);
}

static void follow(struct journal *j)
{
	int ret = journal_file_follow(j->file, &j->outcome);

	outcome_take(j);
	if (ret < 0)
		complain(j, "was moved, and there cannot be a new", -ret);
}

/* ---- lines ---- */

/* Its octets at `text`, without a newline; 0: it does not fit. */
static size_t line_make(char *text, size_t room, uint64_t wall_ns, const json_t *members)
{
	char time[WALL_TEXT];
	size_t head, size;

	wall_text(wall_ns, time, sizeof(time));
	head = (size_t)snprintf(text, room, "{\"time\":\"%s\"", time);
	if (head >= room)
		return 0;
	size = json_dumpb(members, text + head, room - head, JSON_COMPACT);
	if (size < 2 || head + size >= room)
		return 0;
	/* In the place of a brace: there is none if nothing follows. */
	if (size == 2)
		text[head] = '}';
	else
		text[head] = ',';
	return size == 2 ? head + 1 : head + size;
}

static bool line_try(struct journal *j, uint64_t now_ns, const json_t *members,
		     struct journal_line *line)
{
	uint64_t wall_ns = (uint64_t)((int64_t)now_ns + j->wall.ns);
	size_t room, octets;
	char *text = journal_file_room(j->file, &room);

	if (text == NULL)
		return false;
	octets = line_make(text, room, wall_ns, members);
	if (octets == 0)
		return false;
	text[octets] = '\n';
	line->octets = (uint32_t)octets + 1;
	journal_file_add(j->file, line);
	return true;
}

/* Takes the reference to `members`, which may be NULL. */
static bool line_add(struct journal *j, uint64_t now_ns, json_t *members, struct journal_line line)
{
	bool done = json_is_object(members) && line_try(j, now_ns, members, &line);

	if (!done && json_is_object(members)) {
		flush(j);
		done = line_try(j, now_ns, members, &line);
	}
	json_decref(members);
	return done;
}

static void record_write(struct journal *j, const struct journal_head *head)
{
	const struct journal_line line = { .loss = JOURNAL_LOSSES };

	j->last_ns = head->now_ns;
	if (!line_add(j, head->now_ns, j->vnf->program->journal(j->vnf, head + 1, head->octets),
		      line))
		journal_count(&j->lost_file, 1);
}

static void loss_tell(struct journal *j, enum journal_loss loss, uint64_t now_ns)
{
	uint64_t count = journal_lost(j, loss) - j->told[loss];
	const struct journal_line line = { .loss = loss, .count = count };

	if (count == 0)
		return;
	if (line_add(j, now_ns,
		     json_pack("{ss sI ss}", "event", "lost", "count", (json_int_t)count, "by",
			       journal_loss_names[loss]),
		     line))
		j->told[loss] += count;
	j->tell_ns = now_ns + TELL_NS;
}

void journal_tell(struct journal *j, uint64_t now_ns, bool at_once)
{
	if (j->file == NULL || (!at_once && now_ns < j->tell_ns))
		return;
	for (int i = 0; i < JOURNAL_LOSSES; i++)
		loss_tell(j, (enum journal_loss)i, now_ns);
}

/* ---- rings ---- */

/* The worker whose next record is the oldest, or NULL if there is none. */
static struct vnf_journal_worker *oldest(const struct journal *j, const struct journal_head **head)
{
	struct vnf_journal_worker *w = NULL;

	for (uint16_t i = 0; i < j->n_workers; i++) {
		const struct journal_head *other = byte_ring_peek(&j->workers[i].ring);

		if (other == NULL || (w != NULL && other->now_ns >= (*head)->now_ns))
			continue;
		w = &j->workers[i];
		*head = other;
	}
	return w;
}

/*
 * Under load, where rings are never empty. True: it was. By a time of its own: the file is flushed
 * whenever its buffer is full, which may be far more often.
 */
static bool flush_if_due(struct journal *j)
{
	uint64_t now = vnf_clock_now();

	if (now < j->flush_ns)
		return false;
	j->flush_ns = now + FLUSH_NS;
	wall_offset_update(&j->wall);
	journal_tell(j, j->last_ns, false);
	flush(j);
	return true;
}

bool journal_drain(struct journal *j)
{
	const struct journal_head *head = NULL;
	struct vnf_journal_worker *w;
	bool any = false;

	if (j->file == NULL)
		return false;
	wall_offset_update(&j->wall);
	while ((w = oldest(j, &head)) != NULL) {
		record_write(j, head);
		byte_ring_release(&w->ring);
		any = true;
		/* Whoever drains has other things to look after, too. */
		if (!j->direct && flush_if_due(j))
			break;
	}
	return any;
}

/* ---- files ---- */

static void file_leave(struct journal *j)
{
	journal_tell(j, RTE_MAX(vnf_clock_now(), j->last_ns), true);
	flush(j);
	journal_file_give_up(j->file, &j->outcome);
	outcome_take(j);
	journal_file_destroy(j->file);
	j->file = NULL;
	__atomic_store_n(&j->error, 0, __ATOMIC_RELAXED);
}

/* What a slow disk has left in the rings when time is over. */
static void rest_lose(struct journal *j)
{
	const struct journal_head *head = NULL;
	struct vnf_journal_worker *w;

	while ((w = oldest(j, &head)) != NULL) {
		byte_ring_release(&w->ring);
		journal_count(&j->lost_file, 1);
	}
}

void journal_end(struct journal *j)
{
	uint64_t until = vnf_clock_now() + END_NS;

	if (j->file == NULL)
		return;
	while (journal_drain(j) && vnf_clock_now() < until)
		;
	rest_lose(j);
	file_leave(j);
}

void journal_go_over(struct journal *j)
{
	struct journal_file *next;
	bool has_next, then_off;

	pthread_mutex_lock(&j->lock);
	next = j->next;
	has_next = j->has_next;
	then_off = j->then_off;
	j->next = NULL;
	j->has_next = false;
	j->then_off = false;
	pthread_mutex_unlock(&j->lock);
	if (!has_next)
		return;
	/* What is in the rings goes to the new one: the old one may be what does not work. */
	if (next == NULL)
		journal_end(j);
	else if (j->file != NULL)
		file_leave(j);
	j->file = next;
	j->look_ns = 0;
	j->complain_ns = 0;
	if (then_off)
		journal_end(j);
}

/* ---- the thread ---- */

static void nap(void)
{
	static const struct timespec t = { .tv_nsec = NAP_NS };

	nanosleep(&t, NULL);
}

static void look(struct journal *j)
{
	uint64_t now = vnf_clock_now();

	if (j->file == NULL || now < j->look_ns)
		return;
	j->look_ns = now + LOOK_NS;
	follow(j);
}

void *journal_writer_main(void *arg)
{
	struct journal *j = arg;
	bool stop, any;

	pthread_setname_np(pthread_self(), "vnf-journal");
	do {
		/* Pairs with the release in writer_stop(): looked at before the rings. */
		stop = __atomic_load_n(&j->stop, __ATOMIC_ACQUIRE) != 0;
		journal_go_over(j);
		look(j);
		any = journal_drain(j);
		if (any || j->file == NULL) {
			if (!any && !stop)
				nap();
			continue;
		}
		journal_tell(j, vnf_clock_now(), false);
		flush(j);
		if (!stop)
			nap();
	} while (!stop);
	journal_end(j);
	return NULL;
}
