/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A VNF with a journal, for the tests of that: each frame is an event, named by the first octets of
 * its payload (behind the Ethernet header), as often as the digit before the name says; or one, if
 * there is no digit. It forwards them to the other port. At the end each worker says how many it
 * has seen.
 */
#include <stdlib.h>
#include <string.h>

#include <vnf/journal.h>
#include <vnf/steer.h>

#define NAME_MAX_OCTETS 24
#define PAYLOAD 14

enum what {
	EVENT_FRAME,
	EVENT_END,
};

struct record {
	uint32_t what;
	uint16_t worker;
	uint16_t port;
	uint64_t number;
	char name[NAME_MAX_OCTETS + 1];
};

struct state {
	uint64_t seen;
};

static void event_log(struct vnf_worker *worker, enum what what, uint16_t port, const char *name)
{
	const struct state *s = worker->state;
	struct record *record = vnf_journal_reserve(worker, sizeof(*record));

	if (record == NULL)
		return;
	*record = (struct record){
		.what = what, .worker = worker->id, .port = port, .number = s->seen
	};
	memcpy(record->name, name, NAME_MAX_OCTETS);
	vnf_journal_write(worker);
}

static inline vnf_verdict_t events_packet(struct vnf_worker *worker, uint16_t port,
					  struct rte_mbuf *pkt)
{
	const char *payload = rte_pktmbuf_mtod_offset(pkt, const char *, PAYLOAD);
	struct state *s = worker->state;
	uint32_t slot, n;

	if (pkt->data_len < PAYLOAD + 1 + NAME_MAX_OCTETS)
		return VNF_DROP(VNF_DROP_MALFORMED);
	/* Of the generator's frames that is the source port's. */
	slot = ((uint8_t)payload[1] + (uint8_t)payload[21]) % vnf_slot_count(worker->vnf);
	if (!vnf_slot_enter(worker, slot))
		return VNF_TO_SLOT(slot);
	n = payload[0] >= '0' && payload[0] <= '9' ? (uint32_t)(payload[0] - '0') : 1;
	for (; n > 0; n--) {
		s->seen++;
		if (vnf_journal_is_on(worker))
			event_log(worker, EVENT_FRAME, port, payload + 1);
	}
	return VNF_FORWARD(port ^ 1);
}
VNF_PACKET(events_packet);

/* The writer's thread: nothing but the record. */
static json_t *events_line(struct vnf *vnf, const void *record, size_t octets)
{
	const struct record *r = record;
	struct vnf_port_info info;

	if (octets != sizeof(*r) || vnf_port_get_info(vnf, r->port, &info) < 0)
		return NULL;
	if (r->what == EVENT_END)
		return json_pack("{ss si sI}", "event", "end", "worker", r->worker, "seen",
				 (json_int_t)r->number);
	return json_pack("{ss ss ss sI}", "event", "frame", "port", info.name, "name", r->name,
			 "number", (json_int_t)r->number);
}

static int events_worker_init(struct vnf_worker *worker)
{
	worker->state = calloc(1, sizeof(struct state));
	return worker->state != NULL ? 0 : -1;
}

static void events_worker_fini(struct vnf_worker *worker)
{
	static const char nothing[NAME_MAX_OCTETS];

	if (vnf_journal_is_on(worker))
		event_log(worker, EVENT_END, 0, nothing);
	free(worker->state);
}

static const struct vnf_app app = {
	VNF_APP("events"),
	.summary = "Logs an event for each frame.",
	.ports_min = 2,
	.parts = { VNF_STEER, VNF_JOURNAL },
	.stateful = true,
	.journal = events_line,
	.worker_init = events_worker_init,
	.burst = events_packet_burst,
	.worker_fini = events_worker_fini,
};

int main(int argc, char **argv)
{
	return vnf_run(argc, argv, &app);
}
