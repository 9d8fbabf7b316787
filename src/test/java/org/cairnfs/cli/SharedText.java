package org.cairnfs.cli;

import java.util.List;
import org.cairnfs.linear.Call;
import org.cairnfs.linear.Model;

/**
 * A file to which several clients append under a lock, as it would be if they did so one after the
 * other. A call appends a text, perhaps an empty one, and is told what was there before.
 *
 * <p>What is there stays and gets longer. So what was seen last tells of each call that was not
 * answered whether it took effect, and where: anything else need not be tried.
 */
final class SharedText implements Model<String, String, String> {
  private final String seenLast;

  /** For the calls of one history. */
  SharedText(List<Call<String, String>> history) {
    String longest = "";
    for (Call<String, String> call : history) {
      String seen = call.output();
      longest = seen != null && seen.length() > longest.length() ? seen : longest;
    }
    seenLast = longest;
  }

  @Override
  public String initial() {
    return "";
  }

  @Override
  public List<String> apply(String state, String input, String output) {
    String longer = state + input;
    boolean can = output == null ? seenLast.startsWith(longer) : output.equals(state);
    return can ? List.of(longer) : List.of();
  }
}
