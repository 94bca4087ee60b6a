// SPDX-License-Identifier: GPL-2.0+
/*
 * Which card the environment is on, and what of it is believed. build puts this file into the board's folder.
 */
#include <blk.h>
#include <dm.h>
#include <env.h>
#include <memalign.h>
#include <mmc.h>
#include <part.h>
#include <asm/unaligned.h>
#include <linux/kernel.h>

#define SIGNATURE 0x4b474d31 /* disk.cfg's */

/*
 * A number cannot be configured: on a Raspberry Pi 4 the first controller is the Wi-Fi's, on a 3 and in QEMU the card's.
 * So it is the card whose partition table is ours. Where there is none, nothing is read, and, above all, nothing is
 * written to somebody else's card.
 */
int mmc_get_env_dev(void)
{
	ALLOC_CACHE_ALIGN_BUFFER(u8, table, 512);
	int n;

	for (n = 0; n < 4; n++) {
		struct udevice *dev;
		struct blk_desc *card;

		if (blk_get_device(UCLASS_MMC, n, &dev))
			continue;
		card = dev_get_uclass_plat(dev);
		if (card->blksz == 512 && blk_dread(card, 0, 1, table) == 1 &&
		    get_unaligned_le32(table + 0x1b8) == SIGNATURE && get_unaligned_le16(table + 0x1fe) == 0xaa55)
			return n;
	}
	return -1;
}

/*
 * hush puts a variable's value into the command as text and reads the command once more, quotes included. So boot.env
 * must never meet a value that is not one of these; what is refused here keeps the value of boot.env.
 */
static int one_of(const char *value, const char *const *these)
{
	for (; *these; these++)
		if (value && !strcmp(value, *these))
			return 0;
	return 1;
}

static int on_boot_order(const char *name, const char *value, enum env_op op, int flags)
{
	static const char *const these[] = {"A B", "B A", "A", "B", NULL};

	return one_of(value, these);
}
U_BOOT_ENV_CALLBACK(boot_order, on_boot_order);

static int on_boot_left(const char *name, const char *value, enum env_op op, int flags)
{
	static const char *const these[] = {"0", "1", "2", "3", NULL};

	return one_of(value, these);
}
U_BOOT_ENV_CALLBACK(boot_left, on_boot_left);

/* The slot that is on trial (cmd/updater). boot.env has no use for it; it must only outlive saveenv. */
static int on_boot_trial(const char *name, const char *value, enum env_op op, int flags)
{
	static const char *const these[] = {"A", "B", NULL};

	return one_of(value, these);
}
U_BOOT_ENV_CALLBACK(boot_trial, on_boot_trial);
