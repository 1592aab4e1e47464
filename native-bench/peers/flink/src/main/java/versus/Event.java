package versus;

/** A record of the jobs over made-up events. Plain fields: a serializer of its own is in {@link EventType}. */
public final class Event {
  public int key;
  public long value;
  public long time;
}
