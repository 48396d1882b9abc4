/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What differs between two files: every type, named and numbered items, kinds, and which of it may
 * change live.
 */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config_priv.h"

struct one {
	uint32_t kind;
	void *data;
	const char *name;
	uint32_t weight;
	bool calm;
};

struct whole {
	uint32_t count;
	const char *text;
	uint8_t mac[6];
	struct vnf_config_u32s numbers;
	struct {
		uint64_t wait;
		uint32_t deep;
	} group;
	struct vnf_config_list ones;
	struct vnf_config_list plain;
};

static const struct vnf_config_key one_keys[] = {
	{ .name = "name",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct one, name),
	  .doc = "n" },
	{ .name = "weight",
	  .type = VNF_CONFIG_U32,
	  .offset = offsetof(struct one, weight),
	  .doc = "w" },
	{ .name = "calm",
	  .type = VNF_CONFIG_BOOL,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct one, calm),
	  .doc = "c" },
	{ .name = NULL },
};

static const struct vnf_config_variant kinds[] = {
	{ .name = "red", .doc = "r" },
	{ .name = "blue", .doc = "b" },
	{ .name = NULL },
};

static const struct vnf_config_variants variants = {
	.key = "kind",
	.index_offset = offsetof(struct one, kind),
	.data_offset = offsetof(struct one, data),
	.variants = kinds,
};

static const struct vnf_config_key plain_keys[] = {
	{ .name = "weight", .type = VNF_CONFIG_U32, .offset = 0, .doc = "w" },
	{ .name = NULL },
};

static const struct vnf_config_key group_keys[] = {
	{ .name = "wait", .type = VNF_CONFIG_DURATION, .offset = 0, .def = "1s", .doc = "w" },
	{ .name = "deep", .type = VNF_CONFIG_U32, .offset = 8, .doc = "d" },
	{ .name = NULL },
};

static const struct vnf_config_key whole_keys[] = {
	{ .name = "count",
	  .type = VNF_CONFIG_U32,
	  .offset = offsetof(struct whole, count),
	  .doc = "c" },
	{ .name = "text",
	  .type = VNF_CONFIG_STRING,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct whole, text),
	  .doc = "t" },
	{ .name = "mac",
	  .type = VNF_CONFIG_MAC,
	  .offset = offsetof(struct whole, mac),
	  .doc = "m" },
	{ .name = "numbers",
	  .type = VNF_CONFIG_U32S,
	  .offset = offsetof(struct whole, numbers),
	  .doc = "n" },
	{ .name = "group",
	  .type = VNF_CONFIG_GROUP,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct whole, group),
	  .keys = group_keys,
	  .doc = "g" },
	{ .name = "ones",
	  .type = VNF_CONFIG_LIST,
	  .offset = offsetof(struct whole, ones),
	  .keys = one_keys,
	  .size = sizeof(struct one),
	  .variants = &variants,
	  .doc = "o" },
	{ .name = "plain",
	  .type = VNF_CONFIG_LIST,
	  .offset = offsetof(struct whole, plain),
	  .keys = plain_keys,
	  .size = sizeof(uint32_t),
	  .doc = "p" },
	{ .name = NULL },
};

static const struct vnf_config_section section = { "all", whole_keys, sizeof(struct whole) };

static struct vnf_config *load(const char *text)
{
	char path[] = "/tmp/vnfkit-diff-XXXXXX";
	struct vnf_config *file;
	int fd = mkstemp(path);

	cr_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	cr_assert_eq(vnf_config_load(path, &section, 1, &file), 0, "%s", text);
	unlink(path);
	return file;
}

/* "path=before>after!" for each change; "!" where it is not live. */
static void note(void *arg, const struct cfg_change *change)
{
	const struct cfg_node *node = change->after != NULL ? change->after : change->before;
	json_t *before = change->before != NULL ? cfg_node_json(change->before) : json_null();
	json_t *after = change->after != NULL ? cfg_node_json(change->after) : json_null();
	char *from = json_dumps(before, JSON_ENCODE_ANY | JSON_COMPACT);
	char *to = json_dumps(after, JSON_ENCODE_ANY | JSON_COMPACT);
	char name[256] = "";
	struct cfg_str path = CFG_STR(name);

	cfg_str_path(&path, node, NULL);
	cfg_str_add(arg, "%s=%s>%s%s ", name, from, to, change->live ? "" : "!");
	free(from);
	free(to);
	json_decref(before);
	json_decref(after);
}

static void expect(const char *before, const char *after, const char *changes)
{
	struct vnf_config *a = load(before), *b = load(after);
	char buf[2048] = "";
	struct cfg_str str = CFG_STR(buf);

	cr_assert_eq(cfg_diff(a, b, note, &str), 0);
	if (str.len > 0)
		buf[str.len - 1] = '\0';
	cr_expect_str_eq(buf, changes, "%s -> %s: %s", before, after, buf);
	vnf_config_destroy(a);
	vnf_config_destroy(b);
}

Test(config_diff, nothing)
{
	expect("", "", "");
	expect("count = 0;", "", "");
	expect("group = { wait = \"1s\"; };", "group = { wait = \"1000ms\"; };", "");
	expect("numbers = [1, 2]; ones = ({ name = \"a\"; kind = \"red\"; });",
	       "ones = ({ kind = \"red\"; name = \"a\"; }); numbers = [1, 2];", "");
}

Test(config_diff, scalars)
{
	expect("count = 1;", "count = 2;", "count=1>2!");
	expect("text = \"a\";", "text = \"b\";", "text=\"a\">\"b\"");
	expect("mac = \"02:00:00:00:00:01\";", "mac = \"02:00:00:00:00:02\";",
	       "mac=\"02:00:00:00:00:01\">\"02:00:00:00:00:02\"!");
	expect("numbers = [1, 2];", "numbers = [1];", "numbers=[1,2]>[1]!");
	expect("numbers = [1, 2];", "numbers = [1, 3];", "numbers=[1,2]>[1,3]!");
	expect("group = { deep = 1; };", "group = { wait = \"2s\"; deep = 2; };",
	       "group.wait=1000000000>2000000000 group.deep=1>2");
}

Test(config_diff, named_items)
{
	const char *two = "ones = ({ name = \"a\"; kind = \"red\"; weight = 1; }, "
			  "{ name = \"b\"; kind = \"red\"; weight = 2; });";

	expect(two, "ones = ({ name = \"b\"; kind = \"red\"; weight = 2; });",
	       "ones[0]={\"name\":\"a\",\"weight\":1,\"kind\":\"red\"}>null!");
	expect("ones = ({ name = \"b\"; kind = \"red\"; weight = 2; });", two,
	       "ones[0]=null>{\"name\":\"a\",\"weight\":1,\"kind\":\"red\"}!");
	expect(two,
	       "ones = ({ name = \"a\"; kind = \"blue\"; weight = 1; calm = true; }, "
	       "{ name = \"b\"; kind = \"red\"; weight = 3; });",
	       "ones[0].calm=false>true ones[0].kind=\"red\">\"blue\"! ones[1].weight=2>3!");
}

Test(config_diff, order_of_named_items)
{
	const char *ab =
		"ones = ({ name = \"a\"; kind = \"red\"; }, { name = \"b\"; kind = \"red\"; });";
	const char *ba =
		"ones = ({ name = \"b\"; kind = \"red\"; }, { name = \"a\"; kind = \"red\"; });";

	expect(ab, ba,
	       "ones=[{\"name\":\"a\",\"kind\":\"red\"},{\"name\":\"b\",\"kind\":\"red\"}]>"
	       "[{\"name\":\"b\",\"kind\":\"red\"},{\"name\":\"a\",\"kind\":\"red\"}]!");
}

Test(config_diff, items_without_names)
{
	expect("plain = ({ weight = 1; });", "plain = ({ weight = 1; }, { weight = 2; });",
	       "plain[1]=null>{\"weight\":2}!");
	expect("plain = ({ weight = 1; }, { weight = 2; });", "plain = ({ weight = 2; });",
	       "plain[1]={\"weight\":2}>null! plain[0].weight=1>2!");
}

/* The first of a name stands for the first, the second for the second. */
Test(config_diff, items_of_one_name)
{
	const char *both = "ones = ({ name = \"x\"; kind = \"red\"; weight = 1; }, "
			   "{ name = \"x\"; kind = \"red\"; weight = 2; });";
	const char *first = "ones = ({ name = \"x\"; kind = \"red\"; weight = 1; });";

	expect(both, both, "");
	expect(both,
	       "ones = ({ name = \"x\"; kind = \"red\"; weight = 1; }, "
	       "{ name = \"x\"; kind = \"red\"; weight = 1; });",
	       "ones[1].weight=2>1!");
	expect(first, both, "ones[1]=null>{\"name\":\"x\",\"weight\":2,\"kind\":\"red\"}!");
	expect(both, first, "ones[1]={\"name\":\"x\",\"weight\":2,\"kind\":\"red\"}>null!");
}
