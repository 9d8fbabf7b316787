package org.cairnfs.crypto;

import java.security.GeneralSecurityException;

/**
 * Sealed bytes are not what was sealed: damaged, cut, moved to another place, or sealed under
 * another key.
 */
public final class IntegrityException extends GeneralSecurityException {
  private static final long serialVersionUID = 1L;

  public IntegrityException(String message) {
    super(message);
  }

  public IntegrityException(String message, Throwable cause) {
    super(message, cause);
  }
}
