/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The line on a port's data path, and the command that tells it, for ports of a made-up kind.
 */

#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control.h"
#include "vnf_priv.h"

static char change[64];

static void explain(const struct vnf_port *port, struct vnf_port_path *path)
{
	snprintf(path->rx, sizeof(path->rx), "by hand");
	snprintf(path->why, sizeof(path->why), "%s is slow", port->name);
	snprintf(path->change, sizeof(path->change), "%s", change);
}

static const struct vnf_port_kind kind = { .name = "made-up", .explain = explain };
static struct port_slot slots[2];
static struct vnf vnf;

static void setup(void)
{
	static const char *const names[] = { "lan", "wan" };

	vnf.ports = slots;
	vnf.n_ports = 2;
	for (uint16_t i = 0; i < 2; i++) {
		slots[i].port.id = i;
		slots[i].port.name = names[i];
		slots[i].port.kind = &kind;
		slots[i].state = PORT_STARTED;
	}
	change[0] = '\0';
	clock_make_virtual(0);
}

static json_t *ask(const char *port, struct vnf_refusal *why)
{
	const struct {
		const char *port;
	} args = { port };

	cr_assert_eq(datapath_commands[0].args_size, sizeof(args));
	return datapath_commands[0].run(&vnf, &args, why);
}

Test(datapath, a_line_has_all_parts)
{
	struct vnf_port_path path = { .rx = "a", .tx = "b", .why = "c", .change = "d = 1: e" };
	char text[128];

	datapath_line(&path, text, sizeof(text));
	cr_expect_str_eq(text, "rx a; tx b (c); d = 1: e");
	memset(&path, 0, sizeof(path));
	datapath_line(&path, text, sizeof(text));
	cr_expect_str_eq(text, "rx and tx never; nothing in the configuration changes that");
}

Test(datapath, is_kept_while_the_port_is_up, .init = setup)
{
	struct port_slot *lan = &slots[0];

	datapath_look(lan);
	cr_expect(lan->path_known);
	cr_expect_str_eq(lan->path.why, "lan is slow");
	/* Not looked at again at once, and found when it is. */
	snprintf(change, sizeof(change), "fast = true: faster");
	datapath_look(lan);
	cr_expect_str_eq(lan->path.change, "");
	lan->path_next_ns = 0;
	datapath_look(lan);
	cr_expect_str_eq(lan->path.change, change);
}

Test(datapath, not_of_a_port_that_still_opens, .init = setup)
{
	slots[0].state = PORT_OPENING;
	datapath_look(&slots[0]);
	cr_expect_not(slots[0].path_known);
}

Test(datapath, command, .init = setup)
{
	struct vnf_refusal why;
	json_t *rows = ask("", &why), *row;

	cr_assert_eq(json_array_size(rows), 2);
	row = json_array_get(rows, 0);
	cr_expect_str_eq(json_string_value(json_object_get(row, "why")), "it has not been up yet");
	json_decref(rows);

	vnf_port_set_up(&slots[1].port, true);
	rows = ask("wan", &why);
	cr_assert_eq(json_array_size(rows), 1);
	row = json_array_get(rows, 0);
	cr_expect_str_eq(json_string_value(json_object_get(row, "port")), "wan");
	cr_expect_str_eq(json_string_value(json_object_get(row, "rx")), "by hand");
	cr_expect_str_eq(json_string_value(json_object_get(row, "change")),
			 "nothing in the configuration changes that");
	json_decref(rows);

	cr_assert_null(ask("dmz", &why));
	cr_expect_eq(why.error, -ENOENT);
	cr_expect_str_eq(why.text, "there is no port \"dmz\"; ports lists them");
}
