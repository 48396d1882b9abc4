/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Which PCI devices DPDK may have, asked of a made-up sysfs: not one that is missing, that the
 * kernel drives, or that is the machine's way to the network.
 */

#include <criterion/criterion.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pci_virtio.h"

#define DEVICE "0000:00:03.0"

static char top[] = "/tmp/vnf-pci-XXXXXX";

static char sysfs_dir[64], proc_dir[64], run_dir[64];
static const struct pci_machine machine = { sysfs_dir, proc_dir, run_dir };

static void sh(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void sh(const char *format, ...)
{
	char command[512], line[600];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	snprintf(line, sizeof(line), "cd %s && %s", top, command);
	cr_assert_eq(system(line), 0, "%s", line);
}

static void machine_make(void)
{
	cr_assert_not_null(mkdtemp(top));
	sh("mkdir -p sys/bus/pci/devices/" DEVICE " drivers proc/net");
	sh("printf 'Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\\n"
	   "eth1\\t00000000\\t0100A8C0\\t0003\\t0\\t0\\t0\\t00000000\\t0\\t0\\t0\\n' "
	   "> proc/net/route");
	snprintf(sysfs_dir, sizeof(sysfs_dir), "%s/sys", top);
	snprintf(proc_dir, sizeof(proc_dir), "%s/proc", top);
	snprintf(run_dir, sizeof(run_dir), "%s/run", top);
}

static void machine_remove(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", top);
	cr_assert_eq(system(command), 0);
}

TestSuite(pci, .init = machine_make, .fini = machine_remove);

static int device_check(const char *address, char *why, size_t size)
{
	why[0] = '\0';
	return pci_device_check(&machine, address, PCI_DRIVER_AUTO, why, size);
}

static bool needs_pa(void)
{
	return pci_needs_pa(&machine, DEVICE, PCI_DRIVER_AUTO);
}

static void driver_bind(const char *driver)
{
	sh("mkdir -p drivers/%s && ln -sfn ../../../../../drivers/%s sys/bus/pci/devices/" DEVICE
	   "/driver",
	   driver, driver);
}

Test(pci_address, forms)
{
	static const struct {
		const char *text;
		const char *address;
	} cases[] = {
		{ "0000:00:03.0", "0000:00:03.0" },
		{ "00:03.0", "0000:00:03.0" },
		{ "abcd:Ef:1f.7", "abcd:ef:1f.7" },
		{ "", NULL },
		{ "eth0", NULL },
		{ "00:03", NULL },
		{ "00:03.0x", NULL },
		{ "0000:00:03.8", NULL },
		{ "00:20.0", NULL },
		{ "0000:00:03.0,a=b", NULL },
		{ "00000:00:03.0", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char address[PCI_ADDRESS_MAX];
		int ret = pci_address_parse(cases[i].text, address);

		cr_expect_eq(ret, cases[i].address != NULL ? 0 : -EINVAL, "%s", cases[i].text);
		if (ret == 0)
			cr_expect_str_eq(address, cases[i].address);
	}
}

Test(pci, missing_device)
{
	char why[256];

	cr_assert_eq(device_check("0000:00:04.0", why, sizeof(why)), -ENODEV);
	cr_assert_str_eq(why, "there is no PCI device 0000:00:04.0; dpdk-devbind.py --status lists "
			      "them");
}

Test(pci, device_that_nothing_goes_through)
{
	char why[256];

	driver_bind("e1000");
	sh("mkdir -p sys/bus/pci/devices/" DEVICE "/net/eth0");
	cr_assert_eq(device_check(DEVICE, why, sizeof(why)), 0, "%s", why);
	cr_assert(!pci_is_usable(&machine, DEVICE, PCI_DRIVER_AUTO));
}

Test(pci, routes_hold_a_device)
{
	char why[256];

	driver_bind("e1000");
	sh("mkdir -p sys/bus/pci/devices/" DEVICE "/net/eth0");
	sh("printf 'eth0\\t0000A8C0\\t00000000\\t0001\\t0\\t0\\t0\\t00FFFFFF\\t0\\t0\\t0\\n' "
	   ">> proc/net/route");
	cr_assert_eq(device_check(DEVICE, why, sizeof(why)), -EBUSY);
	cr_assert_str_eq(why, "PCI device " DEVICE " is eth0, which routes go out of; it is not "
			      "taken; as root: ip addr flush dev eth0");
	/* A driver that shares its device leaves the routes as they are. */
	driver_bind("mlx5_core");
	cr_assert_eq(device_check(DEVICE, why, sizeof(why)), 0, "%s", why);
}

/* The routes are those of the bridge, the bond, the VLAN. */
Test(pci, an_interface_that_others_stand_on)
{
	char why[256];

	driver_bind("e1000");
	sh("mkdir -p sys/bus/pci/devices/" DEVICE "/net/eth0/upper_br0");
	cr_assert_eq(device_check(DEVICE, why, sizeof(why)), -EBUSY);
	cr_assert_str_eq(why, "PCI device " DEVICE " is eth0, which br0 stands on; it is not "
			      "taken; as root: ip link set dev eth0 nomaster, or delete br0");
}

/* A function may have several interfaces. */
Test(pci, each_interface_counts)
{
	char why[256];

	driver_bind("mlx4_core");
	sh("mkdir -p sys/bus/pci/devices/" DEVICE "/net/eth0 sys/bus/pci/devices/" DEVICE
	   "/net/eth1 sys/bus/pci/devices/" DEVICE "/net/eth2");
	cr_assert_eq(device_check(DEVICE, why, sizeof(why)), -EBUSY);
	cr_assert_not_null(strstr(why, "is eth1, which holds"), "%s", why);
}

Test(pci, routes_of_ipv6_count_but_for_link_local)
{
	static const char form[] =
		"printf '%s %s 00000000000000000000000000000000 00 "
		"00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0\\n'"
		" >> proc/net/ipv6_route";
	char why[256], line[400];

	driver_bind("e1000");
	sh("mkdir -p sys/bus/pci/devices/" DEVICE "/net/eth0");
	snprintf(line, sizeof(line), form, "fe800000000000000000000000000000", "40");
	sh("%s", line);
	snprintf(line, sizeof(line), form, "ff000000000000000000000000000000", "08");
	sh("%s", line);
	cr_assert_eq(device_check(DEVICE, why, sizeof(why)), 0, "%s", why);
	snprintf(line, sizeof(line), form, "20010db8000000000000000000000000", "40");
	sh("%s", line);
	cr_assert_eq(device_check(DEVICE, why, sizeof(why)), -EBUSY);
	cr_assert_not_null(strstr(why, "routes go out of"), "%s", why);
	snprintf(line, sizeof(line), form, "00000000000000000000000000000000", "00");
	sh("%s", line);
	cr_assert_eq(device_check(DEVICE, why, sizeof(why)), -EBUSY);
	cr_assert_not_null(strstr(why, "default route"), "%s", why);
}

Test(pci, named_by_the_mac_of_its_interface)
{
	char address[PCI_ADDRESS_MAX], why[256];

	sh("mkdir -p sys/bus/pci/devices/" DEVICE "/virtio0/net/eth0 "
	   "sys/bus/pci/devices/0000:00:04.0/net/eth2");
	sh("echo 52:54:00:00:00:01 > sys/bus/pci/devices/" DEVICE "/virtio0/net/eth0/address");
	sh("echo 52:54:00:00:00:02 > sys/bus/pci/devices/0000:00:04.0/net/eth2/address");
	cr_assert_eq(pci_locate(&machine, "52:54:0:0:0:1", address, why, sizeof(why)), 0, "%s",
		     why);
	cr_assert_str_eq(address, DEVICE);
	cr_assert_eq(pci_locate(&machine, "52:54:00:00:00:02", address, why, sizeof(why)), 0);
	cr_assert_str_eq(address, "0000:00:04.0");
	cr_assert_eq(pci_locate(&machine, "52:54:00:00:00:03", address, why, sizeof(why)), -ENODEV);
	cr_assert_not_null(strstr(why, "has the MAC 52:54:00:00:00:03"), "%s", why);
	sh("echo 52:54:00:00:00:01 > sys/bus/pci/devices/0000:00:04.0/net/eth2/address");
	cr_assert_eq(pci_locate(&machine, "52:54:00:00:00:01", address, why, sizeof(why)), -EEXIST);
	cr_assert_not_null(strstr(why, "2 PCI devices have the MAC"), "%s", why);
	cr_assert_eq(pci_locate(&machine, "eth0", address, why, sizeof(why)), -EINVAL);
}

static void device_file(const char *name, const void *data, size_t size)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/bus/pci/devices/" DEVICE "/%s", sysfs_dir, name);
	f = fopen(path, "w");
	cr_assert_not_null(f);
	cr_assert_eq(fwrite(data, 1, size, f), size);
	fclose(f);
}

/* A modern device: the common configuration is at 0x1010 of BAR 4, behind another capability. */
Test(pci, features_that_a_virtio_device_offers)
{
	unsigned char config[256] = {
		[0x34] = 0x40, [0x40] = 0x09, [0x41] = 0x50, [0x43] = 2,   [0x50] = 0x09,
		[0x53] = 1,    [0x54] = 4,    [0x58] = 0x10, [0x59] = 0x10
	};
	unsigned char bar[0x2000] = { [0x1014] = 4 };

	cr_assert_eq(pci_virtio_offers(&machine, DEVICE, 34), -1, "no config");
	device_file("config", config, sizeof(config));
	cr_assert_eq(pci_virtio_offers(&machine, DEVICE, 34), -1, "no BAR");
	device_file("resource4", bar, sizeof(bar));
	cr_assert_eq(pci_virtio_offers(&machine, DEVICE, 34), 1);
	cr_assert_eq(pci_virtio_offers(&machine, DEVICE, 33), 0);
	/* Nothing that a device says leads out of the page. */
	config[0x58] = 0xfc;
	config[0x59] = 0x1f;
	device_file("config", config, sizeof(config));
	cr_assert_eq(pci_virtio_offers(&machine, DEVICE, 34), -1);
	config[0x54] = 6;
	device_file("config", config, sizeof(config));
	cr_assert_eq(pci_virtio_offers(&machine, DEVICE, 34), -1, "no such BAR");
	config[0x53] = 3;
	config[0x51] = 0x40;
	device_file("config", config, sizeof(config));
	cr_assert_eq(pci_virtio_offers(&machine, DEVICE, 34), 0, "a circle: a legacy device");
	config[0x51] = 0xf8;
	device_file("config", config, sizeof(config));
	cr_assert_eq(pci_virtio_offers(&machine, DEVICE, 34), 0);
}

Test(pci, default_route_is_never_taken)
{
	char why[256];

	/* Not even from a driver that shares its device with DPDK. */
	driver_bind("mlx5_core");
	sh("mkdir -p sys/bus/pci/devices/" DEVICE "/net/eth1");
	cr_assert_eq(device_check(DEVICE, why, sizeof(why)), -EBUSY);
	cr_assert_str_eq(why, "PCI device " DEVICE " is eth1, which holds this machine's default "
			      "route; it is not taken");
	sh("mv sys/bus/pci/devices/" DEVICE "/net/eth1 sys/bus/pci/devices/" DEVICE "/net/eth2");
	cr_assert_eq(device_check(DEVICE, why, sizeof(why)), 0, "%s", why);
}

Test(pci, virtio_interface_is_found_below_the_virtio_device)
{
	char why[256];

	driver_bind("virtio-pci");
	sh("mkdir -p sys/bus/pci/devices/" DEVICE "/virtio0/net/eth1");
	cr_assert_eq(device_check(DEVICE, why, sizeof(why)), -EBUSY);
	cr_assert_not_null(strstr(why, "is eth1, which holds"), "%s", why);
}

Test(pci, drivers_that_hand_the_device_over)
{
	driver_bind("uio_pci_generic");
	cr_assert(pci_is_usable(&machine, DEVICE, PCI_DRIVER_AUTO));
	cr_assert(pci_is_usable(&machine, DEVICE, PCI_DRIVER_UIO));
	cr_assert(!pci_is_usable(&machine, DEVICE, PCI_DRIVER_VFIO));
	cr_assert(needs_pa());
	driver_bind("vfio-pci");
	cr_assert(pci_is_usable(&machine, DEVICE, PCI_DRIVER_AUTO));
	cr_assert(needs_pa(), "vfio without an IOMMU group is physical");
	sh("mkdir -p sys/bus/pci/devices/" DEVICE "/iommu_group");
	cr_assert(!needs_pa());
}

/* What it will be bound to is what decides. */
Test(pci, driver_that_is_chosen)
{
	driver_bind("virtio-pci");
	cr_assert_str_eq(pci_driver_choose(&machine, DEVICE, PCI_DRIVER_AUTO), "uio_pci_generic");
	cr_assert_str_eq(pci_driver_choose(&machine, DEVICE, PCI_DRIVER_VFIO), "vfio-pci");
	cr_assert(needs_pa());
	sh("mkdir -p sys/bus/pci/devices/" DEVICE "/iommu_group");
	cr_assert_str_eq(pci_driver_choose(&machine, DEVICE, PCI_DRIVER_AUTO), "vfio-pci");
	cr_assert_str_eq(pci_driver_choose(&machine, DEVICE, PCI_DRIVER_UIO), "uio_pci_generic");
	cr_assert(!needs_pa());
}
