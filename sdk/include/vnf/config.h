/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 */
#ifndef VNF_CONFIG_H
#define VNF_CONFIG_H

/**
 * @file
 * Configuration files described by tables.
 *
 * A module declares its keys once, in an array of struct vnf_config_key. From that table come the
 * validation of the whole file (every error with file, line and key), the decoded C structure, the
 * dump of effective values and the reference page. A file is libconfig syntax
 * (https://hyperrealm.github.io/libconfig/libconfig_manual.html); values that have a unit are
 * written with it: `"64M"`, `"100us"`.
 *
 * Nothing here calls DPDK, and nothing here has side effects outside of the object it fills.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How a value is written in the file, and the C type of the field that receives it. */
enum vnf_config_type {
	VNF_CONFIG_BOOL,     /**< `true`, `false`; field: bool. */
	VNF_CONFIG_U32,      /**< Integer; field: uint32_t. */
	VNF_CONFIG_U64,      /**< Integer; field: uint64_t. */
	VNF_CONFIG_BYTES,    /**< Integer bytes or `"64k"`, `"64M"`, `"1G"`, `"2T"` (powers of
			      *   1,024); field: uint64_t, bytes.
			      */
	VNF_CONFIG_COUNT,    /**< Integer or `"10k"`, `"1.5M"`, `"2G"`, `"1T"` (powers of 1,000);
			      *   field: uint64_t.
			      */
	VNF_CONFIG_DURATION, /**< String with unit `"50ns"`, `"100us"`, `"5ms"`, `"3s"`, `"5m"`,
			      *   `"2h"`, also added up as in `"2h4m"`, greatest unit first; integer
			      *   only for 0; field: uint64_t, nanoseconds.
			      */
	VNF_CONFIG_STRING,   /**< String; field: const char *, owned by the struct vnf_config, ""
			      *   when absent without default.
			      */
	VNF_CONFIG_ENUM,     /**< One of the strings in `choices`; field: uint32_t, its index. */
	VNF_CONFIG_MAC,      /**< `"02:00:00:00:00:01"`; field: uint8_t[6] (struct rte_ether_addr);
			      *   all zero when absent without default.
			      */
	VNF_CONFIG_MODE,     /**< File mode in octal as a string, `"0660"`; field: uint32_t. */
	VNF_CONFIG_U32S,     /**< Array or list of integers; field: struct vnf_config_u32s. */
	VNF_CONFIG_STRINGS,  /**< Array or list of strings; field: struct vnf_config_strings. */
	VNF_CONFIG_GROUP,    /**< `{ ... }`; field: the structure described by `keys`, embedded. */
	VNF_CONFIG_LIST, /**< `( { ... }, { ... } )`; field: struct vnf_config_list of structures
			      *   described by `keys` and `size`.
			      */
};

/** The key must be written in the file, unless it is in a group that is not written. */
#define VNF_CONFIG_REQUIRED (1u << 0)
/** The key may change on reload; without this flag a change needs a restart. */
#define VNF_CONFIG_LIVE (1u << 1)

/** Decoded VNF_CONFIG_U32S. */
struct vnf_config_u32s {
	size_t n;    /**< Number of elements. */
	uint32_t *v; /**< Elements, owned by the struct vnf_config. */
};

/** Decoded VNF_CONFIG_STRINGS. */
struct vnf_config_strings {
	size_t n;       /**< Number of elements. */
	const char **v; /**< Elements, owned by the struct vnf_config. */
};

/** Decoded VNF_CONFIG_LIST. */
struct vnf_config_list {
	size_t n;    /**< Number of items. */
	void *items; /**< Array of `n` structures of the key's `size`; the config's own. */
};

struct vnf_config_variants;

/**
 * One key of a table. Write it with designated initialisers; end the table with an entry without a
 * name.
 */
struct vnf_config_key {
	const char *name;          /**< As written in the file. */
	enum vnf_config_type type; /**< Type of value and field. */
	unsigned int flags;        /**< VNF_CONFIG_REQUIRED, VNF_CONFIG_LIVE. */
	size_t offset;             /**< offsetof() the field in the structure being filled. */
	uint64_t min;              /**< Least value; for strings and lists: least length. */
	uint64_t max;     /**< Greatest value, strings and lists: length; 0 = type's limit. */
	const char *unit; /**< For people: "bytes", "packets/s"; NULL if none. */
	const char *def;  /**< Default as it would stand in the file, without quotes, for
				     *   arrays `1, 2`; NULL = zero, false, "", empty. Not for GROUP
				     *   and LIST. A bad one is an "internal" error of every load.
				     */
	const char *const *choices;        /**< VNF_CONFIG_ENUM: allowed words, NULL-terminated. */
	const struct vnf_config_key *keys; /**< GROUP, LIST: keys of the inner structure. */
	size_t size;                       /**< LIST: sizeof() one item. */
	const struct vnf_config_variants *variants; /**< LIST: items of several kinds, or NULL. */
	/**
	 * Further check of a decoded, in-range value, written or from `def`; no side effects.
	 * `field` is the decoded field; on error write into `why` what is wrong and what is allowed
	 * ("is 3, only even numbers are allowed") and return -EINVAL. NULL = none.
	 */
	int (*check)(const void *field, char *why, size_t why_size);
	const char *doc; /**< One line for the reference page; required. */
};

/** One kind of list item: the keys it has besides the common ones. */
struct vnf_config_variant {
	const char *name;                  /**< Word that selects it; NULL ends the array. */
	const struct vnf_config_key *keys; /**< Its own keys; NULL = none. */
	size_t size;                       /**< sizeof() the structure that `keys` fill. */
	const char *doc;                   /**< One line for the reference page. */
};

/** Items of a list whose key `key` says which further keys they have. */
struct vnf_config_variants {
	const char *key;     /**< Name of the selecting key, for example "kind"; always required. */
	size_t index_offset; /**< In the item: uint32_t, receives the index into `variants`. */
	size_t data_offset;  /**< In the item: void *, receives the variant's decoded structure. */
	const struct vnf_config_variant *variants; /**< Array ended by a NULL name. */
};

/**
 * A part of a file's top level: keys and the structure they fill. A file may have several (the
 * SDK's own and the application's); a name must be in one of them only.
 */
struct vnf_config_section {
	const char *title;                 /**< Heading on the reference page. */
	const struct vnf_config_key *keys; /**< Table. */
	size_t size;                       /**< sizeof() the structure. */
};

/** A file that was read: decoded structures, positions of values, errors. */
struct vnf_config;

/**
 * Read, validate and decode a file.
 *
 * All errors of the file are collected, not only the first: unknown keys (with a suggestion), wrong
 * types, ranges, missing keys, integers that do not fit. After a syntax error only that is
 * reported. `@include` is relative to the directory of the file it stands in. A file is a regular
 * file of at most 1 MiB. Integers are never cut to fewer bits: up to UINT64_MAX they are right,
 * with or without the suffix `L`, and beyond that an error.
 *
 * @param path
 *   File to read.
 * @param sections
 *   Sections of the top level; must stay valid as long as the object.
 * @param n_sections
 *   Number of sections, at least 1.
 * @param[out] config
 *   Set on success and on -EINVAL (to print the errors); release with vnf_config_destroy(). NULL on
 *   -ENOMEM.
 * @return
 *   0; -EINVAL if the file cannot be read or has errors, or if the tables have; -ENOMEM.
 *
 * Context: start-up or control thread.
 */
int vnf_config_load(const char *path, const struct vnf_config_section *sections, size_t n_sections,
		    struct vnf_config **config);

/**
 * Release a configuration and all that it decoded.
 *
 * @param config
 *   May be NULL.
 *
 * Context: start-up or control thread.
 */
void vnf_config_destroy(struct vnf_config *config);

/**
 * The structure that a section filled.
 *
 * @param config
 *   Loaded without errors.
 * @param section
 *   Index of the section, 0 to n_sections - 1.
 * @return
 *   The structure, owned by `config`.
 *
 * Context: any thread.
 */
void *vnf_config_data(const struct vnf_config *config, size_t section);

/**
 * Add an error that the tables cannot express (two keys that contradict each other, a name used
 * twice). The position and key path are found from the field; of fields that share an address (a
 * group or an item and its first key) the innermost is meant. A key that was not written has the
 * position of the group that it would stand in.
 *
 * @param config
 *   The configuration.
 * @param field
 *   Address of a decoded field inside it, also of a list's item or an array's element; NULL for the
 *   file as a whole.
 * @param format
 *   What is wrong and what is allowed, as for printf(); without a newline.
 *
 * Context: start-up or control thread.
 */
void vnf_config_error(struct vnf_config *config, const void *field, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * Where a field was written, as vnf_config_error() would say it, without the key: "fw.conf:12".
 *
 * @param config
 *   The configuration.
 * @param field
 *   As of vnf_config_error().
 * @param[out] place
 *   The text; what does not fit is cut off.
 * @param size
 *   Octets of `place`, with the final 0; 1 or more.
 *
 * Context: start-up or control thread.
 */
void vnf_config_place(const struct vnf_config *config, const void *field, char *place, size_t size);

/**
 * The path that a field names: relative to the file that it stands in, as those of `@include` are.
 *
 * @param config
 *   The configuration.
 * @param field
 *   The field, a string that is not NULL.
 * @param[out] path
 *   The path; what does not fit is cut off.
 * @param size
 *   Octets of `path`, with the final 0; PATH_MAX is enough.
 *
 * Context: start-up or control thread.
 */
void vnf_config_path(const struct vnf_config *config, const char *const *field, char *path,
		     size_t size);

/**
 * Of some names the one that somebody probably meant by a word that is none of them, for the end of
 * a message: `...; did you mean "trusted"?`. It is found as for unknown keys: case, and `-` for
 * `_`, do not count; other slips do, and too many of them make another word of it.
 *
 * @param word
 *   As it was written.
 * @param names
 *   What would be allowed; NULL only if `n` is 0.
 * @param n
 *   Number of names.
 * @return
 *   The one of `names` that is the most like it, among equals the first; NULL if none is.
 *
 * Context: any thread.
 */
const char *vnf_config_nearest(const char *word, const char *const *names, size_t n);

/**
 * Number of errors so far.
 *
 * @param config
 *   The configuration.
 * @return
 *   0 if the file is good.
 *
 * Context: start-up or control thread.
 */
size_t vnf_config_error_count(const struct vnf_config *config);

/**
 * Print the errors, one a line, `file:line: key: what is wrong, what is allowed`, sorted by
 * position.
 *
 * @param config
 *   The configuration.
 * @param stream
 *   Where to.
 *
 * Context: start-up or control thread.
 */
void vnf_config_print_errors(const struct vnf_config *config, FILE *stream);

/**
 * Was this field written in the file, or does it hold its default?
 *
 * @param config
 *   The configuration.
 * @param field
 *   Address of a decoded field inside it.
 * @return
 *   True if it was written.
 *
 * Context: any thread.
 */
bool vnf_config_is_set(const struct vnf_config *config, const void *field);

/**
 * Print the effective configuration, defaults included, as a file that loads to the same values.
 * What is neither written nor has a default stands there as a comment if no value could say that.
 *
 * @param config
 *   Loaded without errors.
 * @param stream
 *   Where to.
 *
 * Context: start-up or control thread.
 */
void vnf_config_dump(const struct vnf_config *config, FILE *stream);

/**
 * Print the reference of all keys (type, unit, range, default, doc) in Markdown.
 *
 * @param sections
 *   Sections of the top level.
 * @param n_sections
 *   Number of sections.
 * @param stream
 *   Where to.
 *
 * Context: start-up.
 */
void vnf_config_print_reference(const struct vnf_config_section *sections, size_t n_sections,
				FILE *stream);

#ifdef __cplusplus
}
#endif

#endif
