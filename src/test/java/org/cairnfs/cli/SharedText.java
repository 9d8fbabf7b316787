package org.cairnfs.cli;

import java.util.Optional;
import org.cairnfs.linear.Model;

/**
 * A file to which several clients append under a lock, as it would be if they did so one after the
 * other. A call appends a text, perhaps an empty one, and is told what was there before.
 */
final class SharedText implements Model<String, String, String> {
  @Override
  public String initial() {
    return "";
  }

  @Override
  public Optional<String> apply(String state, String input, String output) {
    return output == null || output.equals(state) ? Optional.of(state + input) : Optional.empty();
  }
}
