// The window's entry.
import { mount } from "./mount";

mount();
