/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Fuzz target for the words of `vnfkit ctl explain`: what is refused says why, and what is taken
 * makes a frame that is no malformed packet.
 */

#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "explain.h"
#include "must.h"

static void frame_check(const struct fw_words *words)
{
	static const uint8_t mac[6] = { 0x02, 0, 0, 0, 0, 1 };
	uint8_t *room = calloc(1, RTE_PKTMBUF_HEADROOM + FW_EXPLAIN_FRAME_MAX);
	struct rte_mbuf pkt = { .buf_addr = room,
				.buf_len = RTE_PKTMBUF_HEADROOM + FW_EXPLAIN_FRAME_MAX,
				.data_off = RTE_PKTMBUF_HEADROOM,
				.refcnt = 1,
				.nb_segs = 1 };
	struct vnf_headers h;

	must(room != NULL);
	pkt.data_len = fw_frame_make(words, mac, words->vlan, room + RTE_PKTMBUF_HEADROOM);
	pkt.pkt_len = pkt.data_len;
	must(pkt.data_len <= FW_EXPLAIN_FRAME_MAX);
	/* Extension headers of IPv6, and an authentication header, are not protocols of this kind:
	 * their contents are none.
	 */
	if (vnf_parse(&pkt, &h) == 0) {
		must(h.n_vlans == (words->vlan != 0));
		must(vnf_is_ipv4(&h) == (words->version == 4));
		must(((h.flags & VNF_FRAGMENT) != 0) == words->fragment);
	} else {
		must(words->proto != IPPROTO_TCP && words->proto != IPPROTO_UDP &&
		     words->proto != IPPROTO_ICMP && words->proto != IPPROTO_ICMPV6);
	}
	free(room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), why[300];
	struct fw_words words;
	int ret;

	must(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	memset(why, 0, sizeof(why));
	ret = fw_words_parse(text, &words, why, sizeof(why));
	if (ret == 0) {
		must(words.in[0] != '\0' && words.vlan <= 4094);
		must(words.version == 4 || words.version == 6);
		frame_check(&words);
	} else {
		must(why[0] != '\0');
	}
	free(text);
	return 0;
}
