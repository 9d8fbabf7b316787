package org.cairnfs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.cairnfs.cli.SharedNames.Ask;
import org.cairnfs.cli.SharedNames.Kind;
import org.cairnfs.cli.SharedNames.Told;
import org.cairnfs.linear.Call;
import org.cairnfs.linear.Linearizability;
import org.junit.jupiter.api.Test;

/** Histories of a directory and of a file that can be, and such that cannot. */
final class SharedModelsTest {
  private static final Told DONE = new Told(0, 0);
  private static final Told ENOENT = new Told(2, 0);
  private static final Told EEXIST = new Told(17, 0);

  private final List<Call<Ask, Told>> names = new ArrayList<>();
  private final List<Call<String, String>> texts = new ArrayList<>();
  private long now;

  /** One call after the other. */
  private void then(Kind kind, String name, String other, Told told) {
    now += 10;
    at(now, now + 5, kind, name, other, told);
  }

  private void at(long begin, long end, Kind kind, String name, String other, Told told) {
    int number = names.size();
    names.add(new Call<>(
        number,
        new Ask(number, kind, name, other),
        told,
        begin,
        told == null ? Long.MAX_VALUE : end));
  }

  private static Told file(long inode) {
    return new Told(0, inode);
  }

  private void namesHold() {
    assertThat(Linearizability.violation(new SharedNames(), names)).isEmpty();
  }

  private void namesFail() {
    assertThat(Linearizability.violation(new SharedNames(), names)).isPresent();
  }

  @Test
  void oneAfterTheOther() {
    then(Kind.LOOK, "a", "", ENOENT);
    then(Kind.CREATE, "a", "", file(7));
    then(Kind.CREATE, "a", "", EEXIST);
    then(Kind.LINK, "a", "b", DONE);
    then(Kind.LINK, "a", "b", EEXIST);
    then(Kind.LINK, "c", "b", ENOENT);
    then(Kind.RENAME, "a", "b", DONE);
    then(Kind.LOOK, "a", "", file(7));
    then(Kind.RENAME, "b", "c", DONE);
    then(Kind.LOOK, "b", "", ENOENT);
    then(Kind.UNLINK, "a", "", DONE);
    then(Kind.LOOK, "c", "", file(7));
    then(Kind.RENAME, "a", "c", ENOENT);
    namesHold();
    then(Kind.LOOK, "c", "", file(8));
    namesFail();
  }

  @Test
  void exclusiveCreationHasOneWinner() {
    at(0, 9, Kind.CREATE, "a", "", EEXIST);
    at(0, 9, Kind.CREATE, "a", "", file(1));
    at(0, 9, Kind.CREATE, "a", "", EEXIST);
    namesHold();
    at(0, 9, Kind.CREATE, "a", "", file(2));
    namesFail();
  }

  @Test
  void renamingAFileAwayHasOneWinner() {
    then(Kind.CREATE, "a", "", file(1));
    at(20, 29, Kind.RENAME, "a", "b", DONE);
    at(20, 29, Kind.RENAME, "a", "c", ENOENT);
    namesHold();
    at(20, 29, Kind.RENAME, "a", "d", DONE);
    namesFail();
  }

  @Test
  void aFileDoesNotComeBack() {
    then(Kind.CREATE, "a", "", file(1));
    then(Kind.UNLINK, "a", "", DONE);
    then(Kind.CREATE, "a", "", file(2));
    namesHold();
    then(Kind.LOOK, "a", "", file(1));
    namesFail();
  }

  @Test
  void aFileWhoseCreatorWasNotToldIsOneAndTheSame() {
    then(Kind.CREATE, "a", "", null);
    then(Kind.LOOK, "a", "", ENOENT);
    then(Kind.LINK, "a", "b", DONE);
    then(Kind.LOOK, "a", "", file(5));
    then(Kind.LOOK, "b", "", file(5));
    namesHold();
    then(Kind.LOOK, "b", "", file(6));
    namesFail();
  }

  private void append(long begin, long end, String text, String before) {
    texts.add(new Call<>(texts.size(), text, before, begin, before == null ? Long.MAX_VALUE : end));
  }

  @Test
  void appendedTextStaysAndNoneIsLost() {
    append(0, 9, "a", "b");
    append(0, 9, "b", "");
    append(10, 11, "c", null);
    append(20, 21, "", "ba");
    append(30, 31, "d", "bac");
    assertThat(Linearizability.violation(new SharedText(), texts)).isEmpty();
    append(40, 41, "", "bad");
    assertThat(Linearizability.violation(new SharedText(), texts)).isPresent();
    texts.remove(texts.size() - 1);
    append(40, 41, "e", "bac");
    assertThat(Linearizability.violation(new SharedText(), texts)).isPresent();
  }
}
