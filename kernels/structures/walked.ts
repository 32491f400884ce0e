/**
 * The steps that calls take through their structures, counted where they are taken: nodes of trees, entries of lists,
 * places of a bitmap that were looked at; and extents that a purge released. No kernel reads it; what laziness costs does (costs/vmap).
 */
export const walked = { tree: 0, list: 0, bitmap: 0, released: 0 };
