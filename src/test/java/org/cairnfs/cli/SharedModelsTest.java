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

  private static final Kind[] CHANGES = {Kind.CREATE, Kind.UNLINK, Kind.RENAME, Kind.LINK};

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
    names.addAll(SharedNames.steps(new Call<>(
        number,
        new Ask(number, kind, name, other),
        told,
        begin,
        told == null ? Long.MAX_VALUE : end)));
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
  void aLinkIsOfTheFileThatTheNameLedToWhenItWasMade() {
    then(Kind.CREATE, "a", "", file(1));
    at(20, 29, Kind.LINK, "a", "b", DONE);
    at(20, 29, Kind.RENAME, "a", "c", DONE);
    at(20, 29, Kind.CREATE, "a", "", file(2));
    at(30, 39, Kind.LOOK, "a", "", file(2));
    at(30, 39, Kind.LOOK, "b", "", file(1));
    namesHold();
    at(40, 49, Kind.UNLINK, "c", "", DONE);
    at(50, 59, Kind.LINK, "c", "d", DONE);
    namesFail();
  }

  @Test
  void aFileWithoutANameIsNotLinked() {
    then(Kind.CREATE, "a", "", file(1));
    at(20, 29, Kind.LINK, "a", "b", DONE);
    at(20, 22, Kind.UNLINK, "a", "", DONE);
    at(23, 25, Kind.LOOK, "b", "", ENOENT);
    namesFail();
  }

  @Test
  void whoFindsThatItsRenameIsDoneIsToldSo() {
    then(Kind.CREATE, "a", "", file(1));
    at(20, 29, Kind.RENAME, "a", "b", DONE);
    at(20, 29, Kind.RENAME, "a", "b", DONE);
    namesHold();
    at(30, 39, Kind.RENAME, "a", "b", DONE);
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

  private void textHolds() {
    assertThat(Linearizability.violation(new SharedText(texts), texts)).isEmpty();
  }

  private void textFails() {
    assertThat(Linearizability.violation(new SharedText(texts), texts)).isPresent();
  }

  @Test
  void appendedTextStaysAndNoneIsLost() {
    append(0, 9, "a", "b");
    append(0, 9, "b", "");
    append(10, 11, "c", null);
    append(20, 21, "", "ba");
    append(30, 31, "d", "bac");
    textHolds();
    append(40, 41, "", "bad");
    textFails();
    texts.remove(texts.size() - 1);
    append(40, 41, "e", "bac");
    textFails();
  }

  /** As many as a full disk leaves: each could be anywhere, or nowhere, but for what was seen. */
  @Test
  void manyAppendsThatWereNotAnswered() {
    for (int i = 0; i < 40; i++) {
      append(i, 0, i + ";", null);
    }
    append(100, 101, "a", "7;3;");
    append(102, 103, "b", "7;3;a12;");
    textHolds();
    append(104, 105, "c", "7;3;a12;b7;");
    textFails();
  }

  @Test
  void manyChangesOfNamesThatWereNotAnswered() {
    for (int i = 0; i < 12; i++) {
      String name = String.valueOf("abc".charAt(i % 3));
      String other = String.valueOf("abc".charAt((i + 1) % 3));
      at(i, 0, CHANGES[i % 4], name, other, null);
    }
    at(100, 109, Kind.CREATE, "a", "", file(70));
    at(110, 119, Kind.CREATE, "b", "", file(71));
    at(120, 129, Kind.LOOK, "c", "", file(70));
    namesHold();
    for (int i = 0; i < 4; i++) { // one more than were created
      at(130 + i, 130 + i, Kind.LOOK, "c", "", file(72 + i));
    }
    namesFail();
  }
}
