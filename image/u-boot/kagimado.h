/*
 * What U-Boot takes from the card's environment: RAUC's three variables and the updater's one (w), and of these only
 * what card.c lets pass.
 * build appends this to the board's own header.
 */
#define CFG_ENV_FLAGS_LIST_STATIC "BOOT_ORDER:sw,BOOT_A_LEFT:sw,BOOT_B_LEFT:sw,BOOT_TRIAL:sw"
#define CFG_ENV_CALLBACK_LIST_STATIC "BOOT_ORDER:boot_order,BOOT_A_LEFT:boot_left,BOOT_B_LEFT:boot_left,BOOT_TRIAL:boot_trial"
#ifdef CONFIG_ARCH_QEMU
/* The card is behind a PCI controller there, and the environment is read before that is usually looked for. */
#define CONFIG_SYS_EARLY_PCI_INIT
#endif
