/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What the files of the configuration module share. The way of a file through them: config_scan.c
 * turns it and its includes into one text with one token a line (so that a line number of libconfig
 * names a token), config_load.c lets libconfig parse that text, config_decode.c walks tables and
 * settings side by side and builds a tree of nodes, config_store.c puts single values into fields.
 * config_error.c collects what is wrong; config_dump.c prints the tree again.
 *
 * Nothing here is shared between threads before vnf_config_load() returns.
 */
#ifndef CONFIG_PRIV_H
#define CONFIG_PRIV_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include <vnf/config.h>

/* Deepest nesting of brackets in a file and of tables in a schema. */
#define CFG_DEPTH_MAX 32
/* Greatest file mode: permission, set-id and sticky bits. */
#define CFG_MODE_MAX 07777

/* A bounded text that is built in pieces; what does not fit is cut off. */
struct cfg_str {
	char *buf;
	size_t size;
	size_t len;
};

#define CFG_STR(array)                                                                             \
	{                                                                                          \
		.buf = (array), .size = sizeof(array), .len = 0                                    \
	}

/* Where a line of the scanned text comes from; there is one token a line. */
struct cfg_token {
	const char *file;
	uint32_t line;
	uint32_t start; /* Offset in the text. */
	uint8_t depth;  /* Brackets open before it. */
	bool too_wide;  /* An integer that 64 bits cannot hold; the text has 0 instead. */
};

/* The file and its includes, comments removed. */
struct cfg_text {
	char *buf;
	size_t len, cap;
	struct cfg_token *tokens; /* Index: line of `buf`, counted from 1; 0 is the file itself. */
	size_t n_tokens, cap_tokens;
};

enum cfg_node_kind {
	CFG_SECTION,
	CFG_KEY,
	CFG_ITEM,     /* Of a VNF_CONFIG_LIST. */
	CFG_ELEMENT,  /* Of a VNF_CONFIG_U32S or VNF_CONFIG_STRINGS. */
	CFG_SELECTOR, /* The key that says which variant an item is. */
};

/* A decoded field, written or defaulted: what it is called and where it stands. */
struct cfg_node {
	struct cfg_node *parent, *first, *last, *next;
	enum cfg_node_kind kind;
	const struct vnf_config_key *key; /* NULL for sections. */
	const char *name;                 /* CFG_KEY, CFG_SELECTOR. */
	size_t index;                     /* CFG_ITEM, CFG_ELEMENT. */
	void *field;
	size_t size;    /* Bytes of the field. */
	uint32_t token; /* Its own; when defaulted, that of the enclosing group. */
	bool set;       /* Written in the file. */
};

/* A value before it has the type of its key. */
enum cfg_value_kind {
	CFG_BOOL,
	CFG_INT,
	CFG_TOO_WIDE,
	CFG_FLOAT,
	CFG_TEXT,
	CFG_GROUP,
	CFG_ARRAY,
	CFG_LIST,
};

struct cfg_value {
	enum cfg_value_kind kind;
	bool negative; /* CFG_INT. */
	uint64_t u;    /* CFG_INT: magnitude; CFG_BOOL: 0 or 1. */
	const char *text;
};

struct cfg_block;
struct cfg_error;

/* A node among those sorted by the address of their fields. */
struct cfg_place {
	const struct cfg_node *node;
	size_t order; /* In the tree. */
};

struct vnf_config {
	const char *path;
	const struct vnf_config_section *sections;
	size_t n_sections;
	struct cfg_node **roots; /* One a section. */
	struct cfg_place *by_field;
	size_t n_by_field;
	struct cfg_text text;
	struct cfg_block *blocks; /* All that vnf_config_destroy() frees besides `text`. */
	struct cfg_error *errors; /* Sorted by position. */
	struct cfg_error *last_error;
	size_t n_errors; /* Also those that no memory was left to describe. */
	bool nomem;
};

/* The nearest of some words to a misspelt one. */
struct cfg_suggestion {
	const char *word;
	const char *best; /* NULL: none is near. */
	size_t distance;
};

/* config_alloc.c: memory lives as long as the configuration; NULL also sets `nomem`. */
void *cfg_alloc(struct vnf_config *config, size_t size);
char *cfg_strdup(struct vnf_config *config, const char *s);
void cfg_free_all(struct vnf_config *config);

/* config_str.c */
void cfg_str_add(struct cfg_str *str, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void cfg_str_vadd(struct cfg_str *str, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));
void cfg_str_quote(struct cfg_str *str, const char *text);

/* config_suggest.c */
void cfg_suggest_try(struct cfg_suggestion *s, const char *candidate);

/* config_value.c: 0; -EINVAL not of that form; -ERANGE too great; -EDOM not a whole number. */
int cfg_parse_integer(const char *s, size_t n, bool *negative, uint64_t *u);
bool cfg_is_float(const char *s, size_t n);
int cfg_parse_bytes(const char *s, uint64_t *u);
int cfg_parse_count(const char *s, uint64_t *u);
int cfg_parse_duration(const char *s, uint64_t *u);
int cfg_parse_mode(const char *s, uint64_t *u);
int cfg_parse_mac(const char *s, uint8_t mac[6]);
void cfg_format_number(struct cfg_str *str, enum vnf_config_type type, uint64_t u);
void cfg_format_mac(struct cfg_str *str, const uint8_t mac[6]);

/* config_type.c */
bool cfg_type_is_number(enum vnf_config_type type);
bool cfg_type_has_range(enum vnf_config_type type);
size_t cfg_type_size(const struct vnf_config_key *key);
uint64_t cfg_key_max(const struct vnf_config_key *key);
uint64_t cfg_get_number(enum vnf_config_type type, const void *field);
void cfg_put_number(enum vnf_config_type type, void *field, uint64_t u);
bool cfg_str_range(struct cfg_str *str, const struct vnf_config_key *key);
void cfg_str_choices(struct cfg_str *str, const char *const *choices);
void cfg_str_expect(struct cfg_str *str, const struct vnf_config_key *key);
size_t cfg_variant_count(const struct vnf_config_variants *variants);

/* config_store.c: 0, or -EINVAL and the reason. */
int cfg_store(struct vnf_config *config, const struct vnf_config_key *key,
	      const struct cfg_value *value, void *field, struct cfg_str *why);
const struct vnf_config_key *cfg_element_key(const struct vnf_config_key *key);
bool cfg_array_init(struct vnf_config *config, const struct vnf_config_key *key, void *field,
		    size_t n);
size_t cfg_array_length(const struct vnf_config_key *key, const void *field);
void *cfg_array_element(const struct vnf_config_key *key, const void *field, size_t i);
int cfg_length_check(const struct vnf_config_key *key, size_t n, struct cfg_str *why);
int cfg_key_check(const struct vnf_config_key *key, const void *field, struct cfg_str *why);
void cfg_str_found(struct cfg_str *str, const struct cfg_value *value);

/* config_default.c: 0, or -EINVAL and the reason. */
int cfg_store_default(struct vnf_config *config, const struct vnf_config_key *key, void *field,
		      struct cfg_str *why);

/* config_schema.c: errors of the tables themselves, added as "internal" errors. */
void cfg_schema_check(struct vnf_config *config);

/* config_text.c */
int cfg_text_init(struct vnf_config *config);
int cfg_text_add(struct vnf_config *config, const struct cfg_token *at, const char *s, size_t n);
void cfg_str_token(struct cfg_str *str, const struct vnf_config *config, size_t token);

/* config_scan.c, config_file.c */
int cfg_scan(struct vnf_config *config);
int cfg_file_read(const char *path, char **data, size_t *len, struct cfg_str *why);

/* config_parse.c, config_decode.c: `root` is a config_setting_t. */
int cfg_parse(struct vnf_config *config);
void cfg_error_syntax(struct vnf_config *config, uint32_t token);
void cfg_decode(struct vnf_config *config, void *root);

/* config_node.c */
struct cfg_node *cfg_node_add(struct vnf_config *config, struct cfg_node *parent,
			      const struct cfg_node *init);
/* Once all are there. */
void cfg_nodes_sort(struct vnf_config *config);
/* The smallest field that this address is in, or NULL. */
const struct cfg_node *cfg_node_find(const struct vnf_config *config, const void *field);
void cfg_str_path(struct cfg_str *str, const struct cfg_node *node, const char *name);

/* config_json.c: effective values of a structure, keys as in the file; of a single node. */
json_t *cfg_json(const struct cfg_node *parent);
json_t *cfg_node_json(const struct cfg_node *node);

/* A difference between two files. Of an item that only one of them has, the other is NULL; a list
 * whose items changed places is told as a whole.
 */
struct cfg_change {
	const struct cfg_node *before;
	const struct cfg_node *after;
	const struct cfg_node *parent; /* Of `after`, in the later file. */
	bool live;                     /* The key, or what it stands in, may change live. */
};
typedef void (*cfg_change_fn)(void *arg, const struct cfg_change *change);

/* config_diff.c: calls `fn` for each, in the order of the later file. Both without errors. 0, or
 * -ENOMEM: some were not told.
 */
int cfg_diff(const struct vnf_config *before, const struct vnf_config *after, cfg_change_fn fn,
	     void *arg);

/* config_error.c: forget all errors but the first `count`: what they were about is given up, and
 * the file itself is as good as it was.
 */
void cfg_errors_forget(struct vnf_config *config, size_t count);
/* config_error.c: `path` is the key's, "" for none; `token` orders the errors. */
void cfg_error_add(struct vnf_config *config, uint32_t token, const char *path, const char *format,
		   ...) __attribute__((format(printf, 4, 5)));
void cfg_error_node(struct vnf_config *config, const struct cfg_node *node, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void cfg_error_line(struct vnf_config *config, const char *file, uint32_t line, const char *format,
		    ...) __attribute__((format(printf, 4, 5)));

#endif
