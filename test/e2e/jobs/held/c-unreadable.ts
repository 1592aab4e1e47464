/** Throws what cannot be read. */
throw Object.defineProperty(new Error('unreadable'), 'message', {
  get() {
    throw new Error('inside');
  },
});
