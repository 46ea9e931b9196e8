/** The folder of the package. This module and the bundle's file both lie two folders deep in it. */
export const PACKAGE_ROOT = new URL("../../", import.meta.url);
