package org.cairnfs.node.home;

import java.io.Serial;

/**
 * A failure told to whoever runs the node: what happened, what to do about it, and the exit code a
 * command ends with.
 *
 * <p>Thrown for what people cause and can put right (a wrong passphrase, a full disk); a defect is
 * another exception.
 */
public final class OperatorException extends Exception {
  /** Exit code of a command that failed. */
  public static final int FAILURE = 1;

  /** Exit code of a command that was called wrongly. */
  public static final int USAGE = 2;

  @Serial
  private static final long serialVersionUID = 1L;

  private final String remedy;
  private final int exitCode;

  /** A failure with exit code {@link #FAILURE}. */
  public OperatorException(String message, String remedy) {
    this(message, remedy, FAILURE);
  }

  /** A failure with any exit code but 0. */
  public OperatorException(String message, String remedy, int exitCode) {
    super(message);
    this.remedy = remedy;
    this.exitCode = exitCode == 0 ? FAILURE : exitCode;
  }

  /** As the first, keeping what underneath caused it, for the log. */
  public OperatorException(String message, String remedy, Throwable cause) {
    super(message, cause);
    this.remedy = remedy;
    this.exitCode = FAILURE;
  }

  /** What to do about it: one sentence. */
  public String remedy() {
    return remedy;
  }

  /** What the command exits with. */
  public int exitCode() {
    return exitCode;
  }
}
