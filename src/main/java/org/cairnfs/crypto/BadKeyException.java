package org.cairnfs.crypto;

/**
 * A key, or a file that should hold one, is not the one that is needed; the message says so to a
 * person.
 */
public final class BadKeyException extends Exception {
  private static final long serialVersionUID = 1L;

  /** What is wrong, for programs. */
  public enum Reason {
    /** The file is intact and the passphrase does not open it. */
    WRONG_PASSPHRASE,
    /** Both files are intact and the key file does not open the slots. */
    WRONG_KEY_FILE,
    /** The volume was never given a slot of that kind. */
    NO_SUCH_SLOT,
    /** The file is of another kind altogether. */
    UNRECOGNISED_FILE,
    /** The file is of the right kind and its checksum or form is wrong. */
    DAMAGED,
    /** The file was written by a newer Cairn. */
    NEWER_VERSION
  }

  private final Reason reason;

  public BadKeyException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  public BadKeyException(Reason reason, String message, Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  public Reason reason() {
    return reason;
  }
}
