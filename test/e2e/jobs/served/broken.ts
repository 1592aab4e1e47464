/** No module that can be loaded. */
throw new Error('broken from its first line on');
