package org.cairnfs.vfs;

import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Function;
import org.cairnfs.core.PosixException;
import org.cairnfs.meta.Needs;
import org.jspecify.annotations.Nullable;

/** What changes pass, any number at a time, and cuts shut for a moment. Thread-safe. */
final class Gate {
  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();

  /**
   * Makes a change if this host holds the leases that it needs.
   *
   * @return null, and nothing was done, if something is missing that the needs then name
   */
  <T> @Nullable T attempt(Needs needs, Function<Needs, T> change) {
    lock.readLock().lock();
    try {
      needs.begin();
      return change.apply(needs);
    } catch (Needs.MissingException e) {
      return null;
    } catch (PosixException e) {
      if (needs.isMissing()) {
        return null; // it cannot know yet that it fails
      }
      throw e;
    } finally {
      lock.readLock().unlock();
    }
  }

  /** Returns when nobody changes anything; nobody does until it is {@linkplain #open opened}. */
  void shut() {
    lock.writeLock().lock();
  }

  void open() {
    lock.writeLock().unlock();
  }
}
