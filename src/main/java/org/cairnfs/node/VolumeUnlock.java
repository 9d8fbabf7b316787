package org.cairnfs.node;

import java.io.IOException;
import java.nio.file.Files;
import org.cairnfs.crypto.BadKeyException;
import org.cairnfs.crypto.KeyFile;
import org.cairnfs.crypto.KeySlots;
import org.cairnfs.crypto.MasterKey;
import org.cairnfs.net.Role;
import org.cairnfs.node.home.DiskFailures;
import org.cairnfs.node.home.Home;
import org.cairnfs.node.home.NodeConfig;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.node.home.Passphrase;
import org.jspecify.annotations.Nullable;

/**
 * Opens the volume of a home with what there is: a passphrase that was given, else the key file in
 * the home.
 */
public final class VolumeUnlock {
  /** Whether only a passphrase can open the volume. */
  public static boolean needsPassphrase(Home home) throws OperatorException {
    return NodeConfig.read(home).profile().role() == Role.MEMBER
        && !Files.exists(home.volumeKey())
        && slots(home).hasPassphrase();
  }

  /** The master key; the caller closes it. */
  static MasterKey open(Home home, @Nullable Passphrase passphrase) throws OperatorException {
    KeySlots slots = slots(home);
    try {
      if (passphrase != null) {
        return slots.unlock(passphrase.bytes());
      }
      if (!Files.exists(home.volumeKey())) {
        throw slots.hasKeyFile() ? keyFileMissing(home) : passphraseMissing();
      }
      try (KeyFile keyFile = KeyFile.load(home.volumeKey())) {
        return slots.unlock(keyFile);
      }
    } catch (IOException e) {
      throw DiskFailures.explain("cannot read the key file " + home.volumeKey(), e);
    } catch (BadKeyException e) {
      throw explain(home, e);
    }
  }

  static KeySlots slots(Home home) throws OperatorException {
    try {
      return KeySlots.load(home.volumeSlots());
    } catch (IOException e) {
      throw DiskFailures.explain("cannot read the volume's key slots " + home.volumeSlots(), e);
    } catch (BadKeyException e) {
      throw explain(home, e);
    }
  }

  private static OperatorException keyFileMissing(Home home) {
    return new OperatorException(
        "the volume's key file " + home.volumeKey() + " is missing",
        "Restore it from your backup.");
  }

  private static OperatorException passphraseMissing() {
    return new OperatorException(
        "the volume is opened by a passphrase, and none was given",
        "Use --passphrase to be asked for it, or --passphrase-file FILE.");
  }

  static OperatorException explain(Home home, BadKeyException e) {
    String message = String.valueOf(e.getMessage());
    return switch (e.reason()) {
      case WRONG_PASSPHRASE ->
        new OperatorException(
            "the passphrase is wrong: it does not open the volume of " + home,
            "Try again with the right one. Nothing was changed.",
            e);
      case WRONG_KEY_FILE ->
        new OperatorException(
            "the key file " + home.volumeKey() + " is wrong: it does not open the volume of "
                + home,
            "Put the key file that `cairn init` made there in its place. Nothing was changed.",
            e);
      case NO_SUCH_SLOT ->
        new OperatorException(
            message, "Leave the passphrase out, or give it. Nothing was changed.", e);
      case NEWER_VERSION ->
        new OperatorException(message, "Run the newer version on it. Nothing was changed.", e);
      case UNRECOGNISED_FILE, DAMAGED ->
        new OperatorException(message, "Restore the file from a backup. Nothing was changed.", e);
    };
  }

  private VolumeUnlock() {}
}
