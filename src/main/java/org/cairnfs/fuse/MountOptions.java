package org.cairnfs.fuse;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.cairnfs.fuse.MountException.Reason;

/**
 * The options of one mount: what the user asked for, with what Cairn always needs added.
 *
 * <p>Checked here because libfuse tells of a wrong option only on standard error.
 */
final class MountOptions {

  private static final Set<String> FLAGS = Set.of(
      "ro",
      "rw",
      "suid",
      "nosuid",
      "dev",
      "nodev",
      "exec",
      "noexec",
      "async",
      "sync",
      "dirsync",
      "atime",
      "noatime",
      "allow_other",
      "allow_root",
      "default_permissions",
      "nonempty",
      "auto_unmount",
      "async_read",
      "sync_read",
      "no_remote_lock",
      "no_remote_flock",
      "no_remote_posix_lock",
      "big_writes",
      "debug");

  private static final Set<String> VALUES = Set.of(
      "fsname",
      "subtype",
      "max_read",
      "max_write",
      "max_readahead",
      "max_background",
      "congestion_threshold",
      "context",
      "fscontext",
      "defcontext",
      "rootcontext");

  private final List<String> options;

  private MountOptions(List<String> options) {
    this.options = options;
  }

  /**
   * @param given what follows {@code -o}, each possibly several separated by commas
   * @param root whether the superuser mounts, who may let others in and by default does
   * @throws MountException for an option that neither libfuse nor the kernel knows
   */
  static MountOptions parse(List<String> given, boolean root) throws MountException {
    List<String> options = new ArrayList<>();
    for (String list : given) {
      for (String option : list.split("(?<!\\\\),", -1)) {
        if (!option.isEmpty()) {
          check(option);
          options.add(option);
        }
      }
    }
    MountOptions all = new MountOptions(options);
    all.addUnlessGiven("default_permissions");
    all.addUnlessGiven("big_writes");
    all.addUnlessGiven("fsname=cairn");
    all.addUnlessGiven("subtype=cairn");
    all.addUnlessGiven("max_read=" + Handshake.TRANSFER_MAX_BYTES);
    if (root && !all.has("allow_root")) {
      all.addUnlessGiven("allow_other");
    }
    return all;
  }

  /** Whether a flag, or a name that takes a value, is among them. */
  boolean has(String name) {
    return options.stream().anyMatch(option -> name(option).equals(name));
  }

  /** For {@code -o}. */
  @Override
  public String toString() {
    return String.join(",", options);
  }

  private static void check(String option) throws MountException {
    boolean known =
        option.indexOf('=') < 0 ? FLAGS.contains(option) : VALUES.contains(name(option));
    if (!known) {
      throw new MountException(
          Reason.BAD_OPTION,
          "unknown mount option \"" + option + "\"",
          "See mount.fuse(8) for the options there are.");
    }
    if (name(option).equals("max_read")) {
      checkMaxRead(option);
    }
  }

  private static void checkMaxRead(String option) throws MountException {
    try {
      int bytes = Integer.parseInt(option.substring(option.indexOf('=') + 1));
      if (bytes >= 1 && bytes <= Handshake.TRANSFER_MAX_BYTES) {
        return;
      }
    } catch (NumberFormatException notANumber) {
      // Said below.
    }
    throw new MountException(
        Reason.BAD_OPTION,
        "the mount option \"" + option + "\" is out of range",
        "Write a number from 1 to " + Handshake.TRANSFER_MAX_BYTES + ".");
  }

  private void addUnlessGiven(String option) {
    if (!has(name(option))) {
      options.add(option);
    }
  }

  private static String name(String option) {
    int equals = option.indexOf('=');
    return equals < 0 ? option : option.substring(0, equals);
  }
}
