package versus;

/** A record of the jobs over made-up events. Plain fields. */
public final class Event {
  public int key;
  public long value;
  public long time;
}
